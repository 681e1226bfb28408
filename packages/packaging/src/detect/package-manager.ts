import semver from 'semver';
import { bestLockFile, LOCK_FILES } from './lock-files.ts';
import { dependenciesOf, devEngine, objectField, textField, type PackageJson } from './package-json.ts';
import { isPackageManager, type PackageManagerName } from './package-manager-name.ts';
import type { ToolVersions } from './version-files.ts';

/**
 * `version`: a semver range, absent when the project names none. `preferred`: a range to take it from where both have a
 * release. `hash`: of the published package, to be checked as Corepack does. `lockFile`: as found, absent without one.
 */
export type PackageManager = Readonly<{
  name: PackageManagerName;
  version?: string;
  preferred?: string;
  hash?: Readonly<{ algorithm: string; hex: string }>;
  lockFile?: string;
}>;

/**
 * The sources of detecting a package manager. `packages`: package.json of the project, then of the folder that is
 * installed in.
 */
export type ManagerSources = Readonly<{
  /** Names in the folder that is installed in; directories end with "/". */
  files: readonly string[];
  packages: readonly (PackageJson | undefined)[];
  /** Of .tool-versions and mise.toml. */
  versions: ToolVersions;
  /** The text of a file of that folder. */
  text: (file: string) => string | undefined;
}>;

export const HASHES: readonly string[] = ['sha1', 'sha224', 'sha256', 'sha384', 'sha512'];

/**
 * Detects which package manager a folder uses, and in which version. The name: `packageManager`,
 * `devEngines.packageManager`, the lock file, files that only one manager has, the `workspace:` protocol; else npm. The
 * version: from the first two, `volta`, .tool-versions or mise.toml, `engines`, else the format of the lock file.
 * `ignored`: lock files of other managers.
 */
export function detectPackageManager(
  sources: ManagerSources,
): Readonly<{ manager: PackageManager; ignored: readonly string[] }> {
  const { files, packages, versions, text } = sources;
  const first = <T>(read: (json: PackageJson) => T | undefined): T | undefined =>
    packages.map((json) => (json === undefined ? undefined : read(json))).find((value) => value !== undefined);
  const pinned = first((json) => pinnedIn(textField(json, 'packageManager')));
  const engine = first((json) => devEngine(json, 'packageManager', isPackageManager));
  const named = pinned?.name ?? (engine !== undefined && isPackageManager(engine.name) ? engine.name : undefined);
  const there = LOCK_FILES.filter(([file]) => files.includes(file));
  const mine = there.filter(([, manager]) => named === undefined || manager === named).map(([file]) => file);
  const lockFile = bestLockFile(mine, dependenciesOf(packages.at(-1)), text);
  const name = named ?? LOCK_FILES.find(([file]) => file === lockFile)?.[1] ?? withoutLockFile(sources);

  const requested =
    pinned?.version ??
    (engine?.name === name ? range(engine.version) : undefined) ??
    range(first((json) => textField(objectField(json, 'volta'), name))) ??
    range(versions[name]);
  const engines = range(first((json) => textField(objectField(json, 'engines'), name)));
  const implied = impliedVersion(name, lockFile, (file) => text(file)?.slice(0, 2000) ?? '');
  const version = requested ?? engines ?? implied;
  return {
    manager: {
      name,
      ...(version === undefined ? {} : { version }),
      ...(requested === undefined && engines !== undefined && implied !== undefined ? { preferred: implied } : {}),
      ...(pinned?.hash === undefined || pinned.version === undefined ? {} : { hash: pinned.hash }),
      ...(lockFile === undefined ? {} : { lockFile }),
    },
    ignored: there.map(([file]) => file).filter((file) => file !== lockFile),
  };
}

/** Parses `pnpm@10.2.0+sha512.…` as Corepack writes it; also `pnpm` and `^pnpm@10`, which Corepack refuses. */
function pinnedIn(
  text: string | undefined,
): Readonly<{ name: PackageManagerName; version?: string; hash?: PackageManager['hash'] }> | undefined {
  const [, name = '', version = ''] = /^[\^~]?(\w+)(?:@(.+))?$/s.exec(text?.trim() ?? '') ?? [];
  if (!isPackageManager(name)) return undefined;
  const [wanted = '', build = ''] = version.split('+');
  const [algorithm = '', hex = ''] = build.split('.');
  const valid = range(wanted);
  return {
    name,
    ...(valid === undefined ? {} : { version: valid }),
    ...(HASHES.includes(algorithm) ? { hash: { algorithm, hex: hex.toLowerCase() } } : {}),
  };
}

const range = (text: string | undefined): string | undefined =>
  text === undefined || semver.validRange(text) === null ? undefined : text;

/**
 * Returns the manager of a workspace whose lock file is not committed: every manager but npm understands `workspace:`.
 */
const OTHER_MANAGERS = ['pnpm', 'yarn', 'bun'] as const;

function withoutLockFile({ files, packages }: ManagerSources): PackageManagerName {
  if (files.includes('pnpm-workspace.yaml') || files.includes('.pnpmfile.cjs') || files.includes('.pnpmfile.mjs'))
    return 'pnpm';
  if (files.includes('bunfig.toml')) return 'bun';
  if (files.includes('.yarnrc.yml') || files.includes('.yarnrc')) return 'yarn';
  const root = packages.at(-1);
  const demanded = packages.flatMap((json) => {
    const engines = OTHER_MANAGERS.filter((name) => textField(objectField(json, 'engines'), name) !== undefined);
    return [...engines, ...(json !== undefined && Object.hasOwn(json, 'pnpm') ? (['pnpm'] as const) : [])];
  });
  const [only, ...further] = new Set(demanded);
  if (only !== undefined && further.length === 0) return only;
  const protocol = packages.some((json) =>
    Object.values(dependenciesOf(json)).some(
      (value) => typeof value === 'string' && /^(?:workspace|catalog):/.test(value),
    ),
  );
  if (!protocol) return 'npm';
  return root !== undefined && Object.hasOwn(root, 'workspaces') ? 'yarn' : 'pnpm';
}

/**
 * Returns the manager version that the format of a lock file requires; for yarn also where there is none but it must
 * know `workspace:`.
 */
function impliedVersion(
  name: PackageManagerName,
  lockFile: string | undefined,
  head: (file: string) => string,
): string | undefined {
  if (lockFile === 'yarn.lock') return head(lockFile).includes('__metadata:') ? '4' : '1';
  if (name === 'yarn' && lockFile === undefined) return head('.yarnrc') !== '' ? '1' : '4';
  if (lockFile !== 'pnpm-lock.yaml') return name === 'pnpm' ? '10' : undefined;
  const format = Number(/lockfileVersion:\s*'?"?(\d+(?:\.\d+)?)/.exec(head(lockFile))?.[1] ?? '9');
  return format >= 9 ? '10' : format >= 6 ? '8' : '7';
}

/** Returns the install command that changes no lock file; without a lock file, the one that resolves. */
export function installCommand(manager: PackageManager, resolvedVersion: string): readonly string[] {
  const frozen = manager.lockFile !== undefined;
  if (manager.name === 'npm') return frozen ? ['npm', 'ci'] : ['npm', 'install', '--no-package-lock'];
  if (manager.name === 'pnpm') return ['pnpm', 'install', frozen ? '--frozen-lockfile' : '--no-frozen-lockfile'];
  if (manager.name === 'bun') return frozen ? ['bun', 'install', '--frozen-lockfile'] : ['bun', 'install', '--no-save'];
  if (semver.major(resolvedVersion) >= 2)
    return frozen ? ['yarn', 'install', '--immutable'] : ['yarn', 'install', '--no-immutable'];
  return frozen
    ? ['yarn', 'install', '--frozen-lockfile', '--non-interactive']
    : ['yarn', 'install', '--no-lockfile', '--non-interactive'];
}

/** Runs a script of package.json. */
export const runScript = (manager: PackageManager, script: string): readonly string[] => [manager.name, 'run', script];
