import semver from 'semver';

export type PackageManagerName = 'npm' | 'pnpm' | 'yarn' | 'bun';
/** `version`: a semver range, absent when the project names none. `lockFile`: as found, absent without one. */
export type PackageManager = Readonly<{ name: PackageManagerName; version?: string; lockFile?: string }>;

/** Lock files by the manager that writes them; the first that exists wins. */
const LOCK_FILES: readonly (readonly [string, PackageManagerName])[] = [
  ['pnpm-lock.yaml', 'pnpm'], ['bun.lock', 'bun'], ['bun.lockb', 'bun'], ['yarn.lock', 'yarn'], ['npm-shrinkwrap.json', 'npm'], ['package-lock.json', 'npm'],
];
export const LOCK_FILE_NAMES: readonly string[] = LOCK_FILES.map(([file]) => file);

/**
 * Which package manager a directory uses. `packageManager` of package.json (`pnpm@10.2.0+sha512…`) wins over the lock
 * file; `head` gives the first bytes of a file of that directory, to tell yarn's and pnpm's lock file versions apart.
 */
export function detectPackageManager(files: readonly string[], packageManager: string | undefined, head: (file: string) => string): PackageManager {
  const named = /^(npm|pnpm|yarn|bun)@(.+)$/.exec(packageManager ?? '');
  const namedAs = named?.[1] as PackageManagerName | undefined;
  const lock = LOCK_FILES.find(([file, name]) => files.includes(file) && (namedAs === undefined || namedAs === name));
  const name = namedAs ?? lock?.[1] ?? 'npm';
  const asked = named?.[2]?.split('+')[0];
  const version = asked !== undefined && semver.validRange(asked) !== null ? asked : impliedVersion(lock?.[0], head);
  return { name, ...(version === undefined ? {} : { version }), ...(lock === undefined ? {} : { lockFile: lock[0] }) };
}

/** The manager version that a lock file's own format asks for. */
function impliedVersion(lockFile: string | undefined, head: (file: string) => string): string | undefined {
  if (lockFile === 'yarn.lock') return head(lockFile).includes('__metadata:') ? '4' : '1';
  if (lockFile !== 'pnpm-lock.yaml') return undefined;
  const format = Number(/lockfileVersion:\s*'?"?(\d+(?:\.\d+)?)/.exec(head(lockFile))?.[1] ?? '9');
  return format >= 9 ? '10' : format >= 6 ? '8' : '7';
}

/** The install that changes no lock file; without a lock file, the one that resolves. */
export function installCommand(manager: PackageManager, resolvedVersion: string): readonly string[] {
  const frozen = manager.lockFile !== undefined;
  if (manager.name === 'npm') return frozen ? ['npm', 'ci'] : ['npm', 'install', '--no-package-lock'];
  if (manager.name === 'pnpm') return ['pnpm', 'install', frozen ? '--frozen-lockfile' : '--no-frozen-lockfile'];
  if (manager.name === 'bun') return frozen ? ['bun', 'install', '--frozen-lockfile'] : ['bun', 'install', '--no-save'];
  if (semver.major(resolvedVersion) >= 2) return frozen ? ['yarn', 'install', '--immutable'] : ['yarn', 'install', '--no-immutable'];
  return frozen ? ['yarn', 'install', '--frozen-lockfile', '--non-interactive'] : ['yarn', 'install', '--no-lockfile', '--non-interactive'];
}

/**
 * Whether yarn would leave no node_modules (Plug'n'Play, its default since version 2), which neither Next's build nor what it
 * traces can do with. `settings`: the text of .yarnrc.yml.
 */
export const usesPlugAndPlay = (manager: PackageManager, resolvedVersion: string, settings: string): boolean =>
  manager.name === 'yarn' && semver.major(resolvedVersion) >= 2 && (/^nodeLinker:\s*["']?([\w-]+)/m.exec(settings)?.[1] ?? 'pnp') === 'pnp';

/** Runs a script of package.json. */
export const runScript = (manager: PackageManager, script: string): readonly string[] => [manager.name, 'run', script];
