import { posix } from 'node:path';
import semver from 'semver';
import { yamlFields } from './bounded-yaml.ts';

/** The settings of a yarn project that matter for a build. */
export type YarnSettings = Readonly<{
  nodeLinker?: string;
  /** A copy of yarn in the repository, relative to the folder of the settings, and the version in its name. */
  path?: string;
  version?: string;
}>;

const MOST = 1 << 16;

/** Reads .yarnrc.yml (yarn 2 and later) or else .yarnrc. What is no valid file sets nothing. */
export function yarnSettings(modern: string | undefined, classic: string | undefined): YarnSettings {
  const { nodeLinker, yarnPath } =
    modern === undefined ? { nodeLinker: undefined, yarnPath: classicPath(classic ?? '') } : modernSettings(modern);
  const path = yarnPath === undefined ? undefined : inside(yarnPath);
  const version = semver.valid(/yarn-(\d+\.\d+\.\d+(?:-[\w.]+)?)\.[cm]?js$/.exec(path ?? '')?.[1] ?? '');
  return {
    ...(nodeLinker === undefined ? {} : { nodeLinker }),
    ...(path === undefined ? {} : { path }),
    ...(version === null ? {} : { version }),
  };
}

function modernSettings(text: string): Readonly<{ nodeLinker: string | undefined; yarnPath: string | undefined }> {
  const none = { nodeLinker: undefined, yarnPath: undefined };
  if (text.length > MOST) return none;
  const { nodeLinker, yarnPath } = yamlFields(text, ['nodeLinker', 'yarnPath']);
  return {
    nodeLinker: typeof nodeLinker === 'string' ? nodeLinker : undefined,
    yarnPath: typeof yarnPath === 'string' ? yarnPath : undefined,
  };
}

const classicPath = (text: string): string | undefined =>
  /^[ \t]*(?:yarn-path|"yarn-path")[ \t]+"?([^"\r\n]+)"?[ \t\r]*$/m.exec(text.slice(0, MOST))?.[1];

/** Returns a relative path that stays in its folder. */
function inside(path: string): string | undefined {
  const plain = posix.normalize(path.trim());
  return plain.startsWith('/') ||
    plain === '..' ||
    plain.startsWith('../') ||
    plain.includes('\0') ||
    plain.length > 512
    ? undefined
    : plain;
}

/** Returns whether yarn leaves no node_modules but a .pnp.cjs: Plug'n'Play, its default since version 2. */
export const usesPlugAndPlay = (version: string, settings: YarnSettings): boolean =>
  semver.major(version) >= 2 && (settings.nodeLinker ?? 'pnp') === 'pnp';
