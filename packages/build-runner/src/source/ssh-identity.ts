import { chmod, chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeployKey } from '@anchor/core/projects/deploy-key.ts';

/** The paths that ssh is given, as it sees them: the private key, and the host keys that were seen before. */
export type SshPaths = Readonly<{ key?: string; knownHosts: string }>;

/** A deploy key on disk for the time of one git call, in a directory of its own. */
export type WrittenKey = Readonly<{ directory: string; path: string; remove: () => Promise<void> }>;

const NAME = 'key';

/**
 * Writes a deploy key for the user that runs ssh, which refuses keys that others may read. Undefined for credentials
 * that are user:password. The caller removes it before anything of the project's own runs.
 */
export async function writeDeployKey(
  credentials: string | undefined,
  temporary: string,
  owner: Readonly<{ uid: number; gid: number }> | undefined,
): Promise<WrittenKey | undefined> {
  if (credentials === undefined || !isDeployKey(credentials)) return undefined;
  const directory = await mkdtemp(join(temporary, 'key-'));
  const path = join(directory, NAME);
  await writeFile(path, credentials, { mode: 0o600, flag: 'wx' });
  if (owner !== undefined) for (const own of [path, directory]) await chown(own, owner.uid, owner.gid);
  await chmod(directory, 0o700);
  return { directory, path, remove: () => rm(directory, { recursive: true, force: true }) };
}

/** Where the sandbox of a fetch sees the key and the known hosts. */
export const IN_SANDBOX = {
  keyDirectory: '/deploy-key',
  key: `/deploy-key/${NAME}`,
  hostsDirectory: '/git-hosts',
  knownHosts: '/git-hosts/known_hosts',
} as const;

/**
 * Returns the value of GIT_SSH_COMMAND, which git hands to a shell: nothing in it but our own paths and judged
 * addresses, each as one word.
 */
export function sshCommand(paths: SshPaths, fixed: readonly string[]): string {
  const options = [
    'BatchMode=yes',
    'StrictHostKeyChecking=accept-new',
    `UserKnownHostsFile=${paths.knownHosts}`,
    ...fixed,
    ...(paths.key === undefined
      ? []
      : ['IdentitiesOnly=yes', 'IdentityAgent=none', 'PreferredAuthentications=publickey']),
  ];
  return [
    'ssh',
    '-F',
    '/dev/null',
    ...(paths.key === undefined ? [] : ['-i', paths.key]),
    ...options.flatMap((option) => ['-o', option]),
  ]
    .map(word)
    .join(' ');
}

const word = (text: string): string => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);
