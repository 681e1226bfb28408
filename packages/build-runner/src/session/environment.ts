import { posix } from 'node:path';
import { RESERVED_VARIABLES } from '@anchor/core/environments/variable.ts';
import type { PackageManagerName } from '@anchor/packaging/detect/package-manager-name.ts';
import { SANDBOX_PATHS } from '@anchor/protocol/sandbox-paths.ts';
import type { YarnMode } from '../tools/yarn.ts';

/**
 * Returns the whole environment of a user's command. Variables keep every character, since they never pass a shell.
 * They cannot replace what makes the sandbox work (PATH, HOME, caches) nor names that would change our own tools.
 */
export function buildEnvironment(
  options: Readonly<{
    variables: Readonly<Record<string, string>>;
    cwd: string;
    manager: PackageManagerName;
    yarn: YarnMode;
    trustStore: string | undefined;
  }>,
): Readonly<Record<string, string>> {
  const variables = Object.fromEntries(
    Object.entries(options.variables).filter(
      ([name, value]) => !RESERVED_VARIABLES.includes(name) && !value.includes('\0'),
    ),
  );
  return {
    ...REPLACEABLE,
    ...variables,
    PATH: [
      `${SANDBOX_PATHS.tools}/bin`,
      `${SANDBOX_PATHS.node}/bin`,
      ...binFolders(options.cwd),
      '/usr/local/bin:/usr/bin:/bin',
    ].join(':'),
    HOME: SANDBOX_PATHS.home,
    TMPDIR: SANDBOX_PATHS.temporary,
    USER: 'build',
    LOGNAME: 'build',
    SHELL: '/bin/sh',
    ...packageManagers(options.manager, options.yarn),
    XDG_CACHE_HOME: `${SANDBOX_PATHS.cache}/xdg`,
    ...(options.trustStore === undefined
      ? {}
      : {
          NODE_EXTRA_CA_CERTS: options.trustStore,
          SSL_CERT_FILE: options.trustStore,
          GIT_SSL_CAINFO: options.trustStore,
        }),
  };
}

/** What a project's own variables may replace: no prompts, no telemetry, plain output. */
const REPLACEABLE: Readonly<Record<string, string>> = {
  CI: '1',
  LANG: 'C.UTF-8',
  TERM: 'dumb',
  NO_COLOR: '1',
  NEXT_TELEMETRY_DISABLED: '1',
  ASTRO_TELEMETRY_DISABLED: '1',
  GATSBY_TELEMETRY_DISABLED: '1',
  TURBO_TELEMETRY_DISABLED: '1',
  DO_NOT_TRACK: '1',
  HUSKY: '0',
  npm_config_fund: 'false',
  npm_config_audit: 'false',
  npm_config_update_notifier: 'false',
  npm_config_progress: 'false',
  YARN_ENABLE_TELEMETRY: '0',
  COREPACK_ENABLE_STRICT: '0',
};

/** Returns the caches of the package managers, and their settings that the sandbox needs. */
const packageManagers = (manager: PackageManagerName, yarn: YarnMode): Readonly<Record<string, string>> => ({
  npm_config_cache: `${SANDBOX_PATHS.cache}/npm`,
  // npm warns about settings that it does not know, so pnpm's are set for pnpm alone.
  ...(manager === 'pnpm'
    ? {
        npm_config_store_dir: `${SANDBOX_PATHS.cache}/pnpm`,
        pnpm_config_store_dir: `${SANDBOX_PATHS.cache}/pnpm`,
        npm_config_manage_package_manager_versions: 'false',
        pnpm_config_manage_package_manager_versions: 'false',
        // From pnpm 11 on, in the place of the setting above.
        pnpm_config_pm_on_fail: 'ignore',
      }
    : {}),
  ...(yarn.nodeModules ? { YARN_NODE_LINKER: 'node-modules' } : {}),
  ...(yarn.projectCache ? { YARN_ENABLE_GLOBAL_CACHE: 'false' } : { YARN_CACHE_FOLDER: `${SANDBOX_PATHS.cache}/yarn` }),
  YARN_GLOBAL_FOLDER: `${SANDBOX_PATHS.cache}/yarn-global`,
  BUN_INSTALL_CACHE_DIR: `${SANDBOX_PATHS.cache}/bun`,
});

/** Returns `node_modules/.bin` of a folder and of all folders around it, as package managers put them on PATH. */
export const binFolders = (cwd: string): readonly string[] => [
  posix.join(cwd, 'node_modules/.bin'),
  ...(cwd === SANDBOX_PATHS.app || cwd === '/' ? [] : binFolders(posix.dirname(cwd))),
];
