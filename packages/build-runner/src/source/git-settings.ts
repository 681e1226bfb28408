import { isIP } from 'node:net';
import { sshCommand, type SshPaths } from './ssh-identity.ts';
import { isDeployKey } from '@anchor/core/projects/deploy-key.ts';
import { TOLERATED_FAULTS } from '@anchor/core/projects/git-checks.ts';

/** How our git runs: no prompts, no configuration of the machine or the user, no hooks, no other transports. */
export type GitCall = Readonly<{
  env: Readonly<Record<string, string>>;
  argv: (...args: readonly string[]) => readonly string[];
}>;

type GitCallOptions = Readonly<{
  home: string;
  config: string;
  path: string;
  local: boolean;
  credentials?: string;
  /** For ssh addresses; by default no key and the host keys of `home`. */
  ssh?: SshPaths;
  url: string;
  trustStore?: string;
  /** Follows no redirect: for a git that no sandbox keeps away from this machine's own addresses. */
  direct?: boolean;
  /** Connects to these addresses, whatever the name in the URL resolves to by now. */
  addresses?: readonly string[];
}>;

/**
 * Returns the arguments and environment of git. `config` is the path of a configuration file with our settings only
 * (see GIT_CONFIG_TEXT). Credentials travel only in the environment: not in argv, not in the URL, not in .git/config.
 */
export function gitCall(options: GitCallOptions): GitCall {
  const protocols = options.local ? ['file'] : ['https', 'http', 'ssh'];
  const settings: (readonly [string, string])[] = [
    ['protocol.allow', 'never'],
    ...protocols.map((protocol) => [`protocol.${protocol}.allow`, 'always'] as const),
    ...SETTINGS,
  ];
  if (options.credentials !== undefined && !isDeployKey(options.credentials) && /^https?:/.test(options.url)) {
    const basic = Buffer.from(
      options.credentials.includes(':') ? options.credentials : `${options.credentials}:`,
    ).toString('base64');
    settings.push([`http.${new URL(options.url).origin}/.extraHeader`, `Authorization: Basic ${basic}`]);
    // git chooses the header by the first address and keeps sending it after a redirect: so redirects are off.
    settings.push(['http.followRedirects', 'false']);
  } else if (options.direct === true) settings.push(['http.followRedirects', 'false']);
  const fixed = fixedAddresses(options.url, options.addresses ?? []);
  if (fixed.curl !== undefined) settings.push(['http.curloptResolve', fixed.curl]);
  const env: Record<string, string> = {
    PATH: options.path,
    HOME: options.home,
    LANG: 'C.UTF-8',
    GIT_TERMINAL_PROMPT: '0',
    GIT_ASKPASS: '/bin/false',
    SSH_ASKPASS: '/bin/false',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: options.config,
    GIT_LFS_SKIP_SMUDGE: '1',
    GIT_ATTR_NOSYSTEM: '1',
    GIT_ALLOW_PROTOCOL: protocols.join(':'),
    GIT_SSH_COMMAND: sshCommand(options.ssh ?? { knownHosts: `${options.home}/known_hosts` }, fixed.ssh),
    GIT_CONFIG_COUNT: String(settings.length),
    ...(options.trustStore === undefined ? {} : { GIT_SSL_CAINFO: options.trustStore }),
  };
  settings.forEach(([key, value], i) => {
    env[`GIT_CONFIG_KEY_${i}`] = key;
    env[`GIT_CONFIG_VALUE_${i}`] = value;
  });
  return { env, argv: (...args) => ['git', ...args] };
}

/** Settings of every git of ours. */
const SETTINGS: readonly (readonly [string, string])[] = [
  ['core.hooksPath', '/dev/null'],
  ['core.fsmonitor', 'false'],
  ['core.askPass', ''],
  ['credential.helper', ''],
  ['submodule.recurse', 'false'],
  ['fetch.recurseSubmodules', 'false'],
  ['gc.auto', '0'],
  ['maintenance.auto', 'false'],
  ['advice.detachedHead', 'false'],
  ['core.symlinks', 'true'],
  ['fetch.fsckObjects', 'true'],
  ...TOLERATED_FAULTS.map((fault) => [`fetch.fsck.${fault}`, 'warn'] as const),
  ['http.lowSpeedLimit', '1000'],
  ['http.lowSpeedTime', '60'],
];

/**
 * Returns the fixed address for git's two network protocols; `ssh` takes one address. An address in the URL itself
 * needs neither.
 */
function fixedAddresses(
  url: string,
  addresses: readonly string[],
): Readonly<{ curl?: string; ssh: readonly string[] }> {
  const target = URL.canParse(url) ? new URL(url) : undefined;
  if (target === undefined || addresses.length === 0 || isIP(target.hostname.replace(/^\[|\]$/g, '')) !== 0)
    return { ssh: [] };
  if (target.protocol === 'ssh:')
    return {
      ssh: [
        `HostKeyAlias=${target.hostname}`,
        `HostName=${addresses.find((address) => isIP(address) === 4) ?? addresses[0]}`,
      ],
    };
  const port = target.port === '' ? (target.protocol === 'https:' ? '443' : '80') : target.port;
  return {
    ssh: [],
    curl: `${target.hostname}:${port}:${addresses.map((address) => (isIP(address) === 6 ? `[${address}]` : address)).join(',')}`,
  };
}

/** upload-pack of the platform's own repository runs without the environment, so its settings are in a file. */
export const GIT_CONFIG_TEXT =
  '[safe]\n\tdirectory = *\n[uploadpack]\n\tallowAnySHA1InWant = true\n[core]\n\thooksPath = /dev/null\n';
