import type { PackageManagerName } from './package-manager-name.ts';

/** Lock files by the manager that writes them; of two the first wins, unless package.json fits another better. */
export const LOCK_FILES: readonly (readonly [string, PackageManagerName])[] = [
  ['pnpm-lock.yaml', 'pnpm'],
  ['bun.lock', 'bun'],
  ['bun.lockb', 'bun'],
  ['yarn.lock', 'yarn'],
  ['npm-shrinkwrap.json', 'npm'],
  ['package-lock.json', 'npm'],
];
export const LOCK_FILE_NAMES: readonly string[] = LOCK_FILES.map(([file]) => file);

/** Bounds the search: an untrusted lock file may have any size. */
const LONGEST = 4 << 20;
const MOST = 200;

/**
 * Returns the lock file that `dependencies` of package.json fit best. A team that changes its manager often leaves the
 * old lock file behind, which no longer has every dependency with its range. `text`: of a lock file; absent when
 * binary.
 */
export function bestLockFile(
  files: readonly string[],
  dependencies: Readonly<Record<string, unknown>>,
  text: (file: string) => string | undefined,
): string | undefined {
  const wanted = Object.entries(dependencies)
    .filter((entry): entry is [string, string] => typeof entry[1] === 'string')
    .slice(0, MOST);
  let best: Readonly<{ file: string; missing: number }> | undefined;
  for (const file of files) {
    const content = files.length > 1 ? text(file)?.slice(0, LONGEST) : undefined;
    const missing =
      content === undefined
        ? 0
        : wanted.filter(([name, range]) => !spellings(file, name, range).some((spelling) => content.includes(spelling)))
            .length;
    if (best === undefined || missing < best.missing) best = { file, missing };
  }
  return best?.file;
}

/** Returns how a lock file spells that the root depends on `name` in `range`. */
function spellings(file: string, name: string, range: string): readonly string[] {
  if (file === 'yarn.lock') return [`${name}@${range}`, `${name}@npm:${range}`, `${name}@workspace:`, `${name}@patch:`];
  if (file !== 'pnpm-lock.yaml') return [`"${name}": "${range}"`, `"${name}":"${range}"`];
  const names = [name, `'${name}'`];
  const ranges = [range, `'${range}'`];
  return names.flatMap((each) =>
    ranges.flatMap((specifier) =>
      ['        ', '    ']
        .map((indent) => `${each}:\n${indent}specifier: ${specifier}\n`)
        .concat(`  ${each}: ${specifier}\n`),
    ),
  );
}
