import { posix } from 'node:path';
import semver from 'semver';
import type { PackageManager } from '@anchor/packaging/detect/package-manager.ts';
import type { StartCommand } from '@anchor/packaging/detect/start-command.ts';
import { usesPlugAndPlay, yarnSettings, type YarnSettings } from '@anchor/packaging/detect/yarn-settings.ts';
import type { OwnCopy } from './package-managers.ts';
import { listFolder } from '@anchor/packaging/detect/folders.ts';
import { resolveInTree, readInTree } from '@anchor/packaging/checkout/checkout-fs.ts';
import { SANDBOX_PATHS } from '@anchor/protocol/sandbox-paths.ts';

/** How yarn works in a build; all false for other managers. */
export type YarnMode = Readonly<{
  /** It leaves a .pnp.cjs instead of node_modules. */
  plugAndPlay: boolean;
  /** Makes it create a node_modules although the project sets or implies Plug'n'Play. */
  nodeModules: boolean;
  /** Packages are kept in the project's own .yarn/cache: it is committed, or what runs later reads it. */
  projectCache: boolean;
}>;
export const NO_YARN: YarnMode = { plugAndPlay: false, nodeModules: false, projectCache: false };

export async function readYarnSettings(root: string, folder: string): Promise<YarnSettings> {
  const read = (name: string): Promise<string | undefined> => readInTree(root, posix.join(folder, name), 1 << 16);
  return yarnSettings(await read('.yarnrc.yml'), await read('.yarnrc'));
}

/** Returns the yarn that is committed (`yarnPath`), when it exists. */
export async function ownYarn(
  root: string,
  folder: string,
  manager: PackageManager,
  settings: YarnSettings,
): Promise<OwnCopy | undefined> {
  if (manager.name !== 'yarn' || settings.path === undefined) return undefined;
  const found = await resolveInTree(root, posix.join(folder, settings.path));
  const version = settings.version ?? semver.minVersion(manager.version ?? '1')?.version;
  return found?.kind !== 'file' || version === undefined
    ? undefined
    : { file: posix.join(SANDBOX_PATHS.app, found.path), version };
}

/** Returns yarn's mode. `needsNodeModules`: the framework does not support Plug'n'Play. */
export async function yarnMode(
  root: string,
  folder: string,
  version: string,
  settings: YarnSettings,
  needsNodeModules: boolean,
): Promise<YarnMode> {
  const pnp = usesPlugAndPlay(version, settings);
  // Without settings of its own the project was written for another manager, or for none.
  const configured =
    settings.nodeLinker !== undefined ||
    (await listFolder(root, folder)).some((name) => name === '.yarnrc.yml' || name === '.pnp.cjs');
  const nodeModules = pnp && (needsNodeModules || !configured);
  const plugAndPlay = pnp && !nodeModules;
  const committed = (await listFolder(root, posix.join(folder, '.yarn/cache'))).some((name) => name.endsWith('.zip'));
  return { plugAndPlay, nodeModules, projectCache: semver.major(version) >= 2 && (plugAndPlay || committed) };
}

/** Returns the start command of a server whose packages .pnp.cjs resolves: Node loads it first, as in `yarn node`. */
export async function startWithPlugAndPlay(root: string, folder: string, start: StartCommand): Promise<StartCommand> {
  const words = ['--require', posix.join(SANDBOX_PATHS.app, folder, '.pnp.cjs')];
  if ((await resolveInTree(root, posix.join(folder, '.pnp.loader.mjs'))) !== undefined)
    words.push('--experimental-loader', posix.join(SANDBOX_PATHS.app, folder, '.pnp.loader.mjs'));
  if (start.kind === 'shell')
    return {
      kind: 'shell',
      script: `NODE_OPTIONS="$NODE_OPTIONS ${words.join(' ')}"; export NODE_OPTIONS\n${start.script}`,
    };
  return { ...start, argv: [...start.argv.slice(0, 1), ...words, ...start.argv.slice(1)] };
}
