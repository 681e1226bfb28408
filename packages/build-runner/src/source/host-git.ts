import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { runBounded, type BoundedResult } from './bounded-git.ts';
import type { GitCall } from './git-settings.ts';

/** What one program beside the sandbox may use of the machine. Paths are the same inside. */
export type HostAccess = Readonly<{
  owner: Readonly<{ uid: number; gid: number }>;
  /** Where it writes; its working directory is the first. */
  write: readonly [string, ...string[]];
  read: readonly string[];
  /** A directory of the platform's own, where no tenant can plant a link. */
  temporary: string;
  /** A file with a system call filter for bubblewrap. */
  filter?: string;
}>;

/** Of one process. */
const MEMORY_MB = 1_024;
const MAX_OUTPUT = 1 << 20;
const SYSTEM: readonly string[] = ['/usr', '/bin', '/sbin', '/lib', '/lib32', '/lib64'];
/** Names of hosts, and the certificates that git trusts. */
const ETC: readonly string[] = ['/etc/hosts', '/etc/resolv.conf', '/etc/nsswitch.conf', '/etc/ssl', '/etc/pki'];
const FRESH = '--dev /dev --proc /proc'.split(' ');
const NAMESPACES = '--unshare-pid --unshare-ipc --unshare-uts --die-with-parent'.split(' ');
const CAPABILITIES = '--cap-drop ALL --cap-add CAP_SETUID --cap-add CAP_SETGID --chdir / -- setpriv'.split(' ');
/** The directory after it is closed to root, which has no capability by then. */
const UNPRIVILEGED = '--clear-groups --inh-caps=-all --no-new-privs -- env -C'.split(' ');
/** Opens the filter as file descriptor 9 and becomes the command. */
const WITH_FILTER = 'exec 9< "$1"; shift; exec "$@"';

/**
 * Runs git in the machine's network, for hosts on its loopback, which no sandbox reaches. It is confined by
 * `onHost`.
 */
export async function runHostGit(
  call: GitCall,
  args: readonly string[],
  access: HostAccess,
  signal: AbortSignal,
): Promise<BoundedResult> {
  return onHost(access, (words) =>
    runBounded({
      argv: [...words, ...call.argv(...args)],
      env: call.env,
      cwd: words.length === 0 ? access.write[0] : '/',
      memoryMb: MEMORY_MB,
      maxBytes: MAX_OUTPUT,
      signal,
    }),
  );
}

/**
 * Calls `run` with the words before a command that run it in the machine's network as the project's user: without
 * capabilities, in a process namespace of its own, with `/usr` and the given paths only. Without root there are none.
 * They are valid until `run` resolves.
 */
export async function onHost<T>(access: HostAccess, run: (words: readonly string[]) => Promise<T>): Promise<T> {
  if (process.getuid?.() !== 0) return run([]);
  const { owner, temporary } = access;
  await mkdir(temporary, { recursive: true });
  const users = join(temporary, `passwd-${randomUUID()}`);
  try {
    // ssh refuses a user without a name.
    await writeFile(users, `project:x:${owner.uid}:${owner.gid}::/nonexistent:/bin/sh\n`);
    await chmod(users, 0o644);
    return await run(hostWords(access, users));
  } finally {
    await rm(users, { force: true });
  }
}

function hostWords({ owner, write, read, filter }: HostAccess, users: string): readonly string[] {
  const [cwd] = write;
  const bind = (kind: string, paths: readonly string[]): readonly string[] =>
    paths.filter((path) => existsSync(path)).flatMap((path) => [kind, path, path]);
  const identity = `--reuid=${owner.uid} --regid=${owner.gid}`.split(' ');
  return [
    ...(filter === undefined ? [] : ['/bin/sh', '-c', WITH_FILTER, 'sh', filter]),
    'bwrap',
    ...bind('--ro-bind', SYSTEM),
    // bubblewrap would close these to others where the data directory is closed.
    ...[...new Set([...ETC, ...write, ...read].flatMap(ancestors))].flatMap((path) => ['--dir', path]),
    ...bind('--ro-bind', ETC),
    ...FRESH,
    '--ro-bind',
    users,
    '/etc/passwd',
    ...bind('--ro-bind', read),
    ...bind('--bind', write),
    ...(filter === undefined ? [] : ['--seccomp', '9']),
    ...NAMESPACES,
    ...CAPABILITIES,
    ...identity,
    ...UNPRIVILEGED,
    cwd,
  ];
}

const ancestors = (path: string): readonly string[] => {
  const parent = dirname(path);
  return parent === '/' ? [] : [...ancestors(parent), parent];
};
