import semver from 'semver';
import type { PackageManagerName } from '@anchor/packaging/detect/package-manager-name.ts';
import { stripColours } from '@anchor/packaging/explain/lines.ts';

/** How many packages a message names. */
const MAX_NAMED = 8;
const NAME = /^(?:@[\w.~-]+\/)?[\w.~-]+$/;

/**
 * Returns the packages whose install scripts a package manager skipped because they were not approved, parsed from the
 * output of its install (for bun: of `bun pm untrusted`). npm from 12, pnpm from 10, yarn from 4.14 and bun do so.
 */
export function skippedScripts(manager: PackageManagerName, output: string): readonly string[] {
  const text = stripColours(output);
  const found =
    manager === 'npm'
      ? ofNpm(text)
      : manager === 'pnpm'
        ? ofPnpm(text)
        : manager === 'yarn'
          ? ofYarn(text)
          : ofBun(text);
  return [...new Set(found.map(nameOf).filter((name) => NAME.test(name)))];
}

/** Returns the command that approves the skipped scripts. */
export function approvalFix(manager: PackageManagerName, version: string, packages: readonly string[]): string {
  const named = packages.slice(0, MAX_NAMED);
  const words = named.join(' ');
  if (manager === 'npm') return `run \`npm install-scripts approve ${words}\` and commit package.json`;
  if (manager === 'bun') return `run \`bun pm trust ${words}\` and commit package.json and the lock file`;
  if (manager === 'yarn')
    return `add "dependenciesMeta": { ${named.map((name) => `"${name}": { "built": true }`).join(', ')} } to package.json, or enableScripts: true to .yarnrc.yml for all`;
  return semver.major(version) >= 11
    ? `run \`pnpm approve-builds ${words}\` and commit pnpm-workspace.yaml`
    : 'run `pnpm approve-builds` and commit what it writes (pnpm-workspace.yaml or package.json)';
}

export const listNames = (packages: readonly string[]): string =>
  `${packages.slice(0, MAX_NAMED).join(', ')}${packages.length > MAX_NAMED ? ` and ${packages.length - MAX_NAMED} more` : ''}`;

/** Parses npm's output. npm 11 warns in nearly the same words and runs the scripts: only "blocked" counts. */
function ofNpm(text: string): readonly string[] {
  const lines = text.split(/\r?\n/);
  const at = lines.findIndex((line) => /install scripts blocked because they are not covered/.test(line));
  if (at === -1) return [];
  const list = lines.slice(at + 1).map((line) => /^npm warn install-scripts\s{2,}(\S+) \(/.exec(line)?.[1]);
  const end = list.indexOf(undefined);
  return list.slice(0, end === -1 ? list.length : end).filter((name) => name !== undefined);
}

/** Parses pnpm's output, which wraps the list in a box that ends with the command to run. */
function ofPnpm(text: string): readonly string[] {
  const flat = text.replace(/[│╭╮╰╯─×╰▶]/g, ' ').replace(/\s+/g, ' ');
  const list = /Ignored build scripts: (.{1,20000}?)(?: help:|\.? Run "pnpm approve-builds")/.exec(flat)?.[1];
  return list === undefined ? [] : list.replace(/\.$/, '').split(/,\s*/);
}

const ofYarn = (text: string): readonly string[] =>
  [...text.matchAll(/YN0004: │ (\S+) lists build scripts, but /g)].map((match) => match[1] ?? '');
const ofBun = (text: string): readonly string[] =>
  [...text.matchAll(/node_modules\/((?:@[^/\s]+\/)?[^/\s]+) @\S+\s*\n\s*»/g)].map((match) => match[1] ?? '');

/** Returns the name in a descriptor: `@scope/name@file:x` → `@scope/name`. */
function nameOf(descriptor: string): string {
  const text = descriptor.trim();
  const at = text.indexOf('@', 1);
  return at === -1 ? text : text.slice(0, at);
}
