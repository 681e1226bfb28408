import { REFUSED_VARIABLES } from '@anchor/core/environments/variable.ts';
import type { PackageManagerName } from '../detect/package-manager.ts';

/** Where things stand inside a build's sandbox. */
export const PLACES = { home: '/home/build', temporary: '/tmp', cache: '/cache', tools: '/tools', node: '/node', modules: '/anchor', kept: '/kept', cacheFrom: '/cache-from' } as const;

/**
 * The whole environment of a user's command. Variables keep every character, since they never pass a shell; what makes
 * the sandbox work (PATH, HOME, caches) and names that would change our own tools can not be replaced by them.
 */
export function buildEnvironment(options: Readonly<{ variables: Readonly<Record<string, string>>; cwd: string; manager: PackageManagerName; nodeModules: boolean; trustStore: string | undefined }>): Readonly<Record<string, string>> {
  const variables = Object.fromEntries(Object.entries(options.variables).filter(([name, value]) => !REFUSED_VARIABLES.includes(name) && !value.includes('\0')));
  return {
    CI: '1', LANG: 'C.UTF-8', TERM: 'dumb', NO_COLOR: '1', NEXT_TELEMETRY_DISABLED: '1', ASTRO_TELEMETRY_DISABLED: '1', GATSBY_TELEMETRY_DISABLED: '1', TURBO_TELEMETRY_DISABLED: '1', DO_NOT_TRACK: '1', HUSKY: '0',
    npm_config_fund: 'false', npm_config_audit: 'false', npm_config_update_notifier: 'false', npm_config_progress: 'false', YARN_ENABLE_TELEMETRY: '0', COREPACK_ENABLE_STRICT: '0',
    ...variables,
    PATH: `${PLACES.tools}/bin:${PLACES.node}/bin:${options.cwd}/node_modules/.bin:/usr/local/bin:/usr/bin:/bin`,
    HOME: PLACES.home, TMPDIR: PLACES.temporary, USER: 'build', LOGNAME: 'build', SHELL: '/bin/sh',
    npm_config_cache: `${PLACES.cache}/npm`,
    // npm warns about settings that it does not know, so pnpm's are set for pnpm alone.
    ...(options.manager === 'pnpm' ? { npm_config_store_dir: `${PLACES.cache}/pnpm`, pnpm_config_store_dir: `${PLACES.cache}/pnpm`, npm_config_manage_package_manager_versions: 'false', pnpm_config_manage_package_manager_versions: 'false' } : {}),
    ...(options.nodeModules ? { YARN_NODE_LINKER: 'node-modules' } : {}),
    YARN_CACHE_FOLDER: `${PLACES.cache}/yarn`, YARN_GLOBAL_FOLDER: `${PLACES.cache}/yarn-global`, BUN_INSTALL_CACHE_DIR: `${PLACES.cache}/bun`, XDG_CACHE_HOME: `${PLACES.cache}/xdg`,
    ...(options.trustStore === undefined ? {} : { NODE_EXTRA_CA_CERTS: options.trustStore, SSL_CERT_FILE: options.trustStore, GIT_SSL_CAINFO: options.trustStore }),
  };
}
