import { globSync } from 'node:fs';
import { resolve } from 'node:path';

const NEVER = (path: string): boolean =>
  path.split('/').some((part) => part === 'node_modules' || part === 'fixtures') || path.startsWith('e2e/apps/');

const find = (root: string, patterns: readonly string[]): readonly string[] =>
  patterns
    .flatMap((pattern) => globSync(pattern, { cwd: root }))
    .filter((path) => !NEVER(path))
    .sort();

/** Returns the tests beside the code, with the contract suites. */
export const unitFiles = (root: string): readonly string[] =>
  find(root, ['packages/*/src/**/*.test.ts', 'apps/*/src/**/*.test.ts', 'scripts/**/*.test.ts', 'bench/**/*.test.ts']);

/** Packages whose tests start no sandbox, no platform and no git server: seconds each. */
const QUICK_PACKAGES = ['core', 'protocol', 'client', 'packaging', 'edge', 'runtime', 'cli'];

/** Returns the unit tests that are quick enough to run before every commit. */
export const quickFiles = (root: string): readonly string[] =>
  unitFiles(root).filter(
    (path) => path.startsWith('scripts/') || QUICK_PACKAGES.some((name) => path.startsWith(`packages/${name}/`)),
  );

/** Returns the tests of the whole platform with real processes. */
export const endToEndFiles = (root: string): readonly string[] => find(root, ['e2e/*.test.ts']);

/**
 * Returns the tests of every feature of Next.js on deployed sites, and every version: many builds, so a run of their
 * own.
 */
export const nextFiles = (root: string): readonly string[] => find(root, ['e2e/next/**/*.test.ts']);

/** Returns test files as a user names them: files, folders or globs, relative to the working directory. */
export function namedFiles(root: string, cwd: string, names: readonly string[]): readonly string[] {
  const all = [...unitFiles(root), ...endToEndFiles(root), ...nextFiles(root)];
  return names.flatMap((name) => {
    const absolute = resolve(cwd, name);
    const matching = all.filter(
      (path) => resolve(root, path) === absolute || resolve(root, path).startsWith(`${absolute}/`),
    );
    if (matching.length > 0) return matching;
    const globbed = new Set(globSync(name, { cwd }).map((path) => resolve(cwd, path)));
    const found = all.filter((path) => globbed.has(resolve(root, path)));
    if (found.length === 0) throw new Error(`No test file is named ${name}.`);
    return found;
  });
}
