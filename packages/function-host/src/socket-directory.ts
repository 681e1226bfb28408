import { createHash } from 'node:crypto';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ProjectId } from '@anchor/core/names/id.ts';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';
import { run } from '@anchor/sandbox-linux/command.ts';
import { isMounted } from '@anchor/sandbox-linux/mount-points.ts';
import type { HostPaths } from './host-paths.ts';

/** The longest path that a unix socket address holds on Linux. */
const MAX_SOCKET_PATH = 107;
/** Limits of a project's functions beside their sockets: it is memory, counted as theirs. */
const OWN_FILES = 'size=1m,nr_inodes=1024,mode=0700,nosuid,nodev,noexec';

/** Where the sockets of a project's instances are. `bounded`: on a small file system of its own. */
export type SocketDirectory = Readonly<{ directory: string; bounded: boolean }>;

/** Makes it, mounted once a project: a start of its functions does not wait for that. */
export async function openSocketDirectory(paths: Pick<HostPaths, 'run'>, projectId: string): Promise<SocketDirectory> {
  const directory = join(paths.run, 'fn', createHash('sha256').update(projectId).digest('hex').slice(0, 8));
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const mounted = await run(['mount', '-t', 'tmpfs', '-o', OWN_FILES, 'tmpfs', directory]);
  return { directory, bounded: mounted.code === 0 };
}

export async function closeSocketDirectory({ directory, bounded }: SocketDirectory): Promise<void> {
  if (bounded) await unmount(directory);
}

/** Unmounts lazily: an exiting sandbox may still hold the mount, which then ends with it. */
const unmount = (path: string): Promise<unknown> => run(['umount', '-l', '--', path]);

/** Removes what an earlier host left, and checks that addresses fit. */
export async function cleanSockets(paths: Pick<HostPaths, 'run'>): Promise<Result<void>> {
  const root = join(paths.run, 'fn');
  const longest = join(root, '01234567', 'fn-0123456789', 'fn.sock');
  if (Buffer.byteLength(longest) > MAX_SOCKET_PATH) {
    return fail(
      'unsupported',
      'The name of the data directory is too long for sockets',
      `Choose a data directory of at most ${MAX_SOCKET_PATH - Buffer.byteLength(longest) + Buffer.byteLength(paths.run) - 4} characters with --data.`,
      longest,
    );
  }
  for (const name of await readdir(root).catch(() => [])) {
    if (isMounted(join(root, name))) await unmount(join(root, name));
    await rm(join(root, name), { recursive: true, force: true });
  }
  return ok(undefined);
}

/** The directories for the sockets of all projects. */
export class SocketDirectories {
  readonly #paths: Pick<HostPaths, 'run'>;
  readonly #opened = new Map<ProjectId, Promise<SocketDirectory>>();

  constructor(paths: Pick<HostPaths, 'run'>) {
    this.#paths = paths;
  }

  projects(): readonly ProjectId[] {
    return [...this.#opened.keys()];
  }

  of(projectId: ProjectId): Promise<SocketDirectory> {
    const known = this.#opened.get(projectId);
    if (known !== undefined) return known;
    const opening = openSocketDirectory(this.#paths, projectId);
    this.#opened.set(projectId, opening);
    opening.catch(() => this.#opened.delete(projectId)); // such as on a full disk
    return opening;
  }

  async close(projectId: ProjectId): Promise<void> {
    const opened = this.#opened.get(projectId);
    this.#opened.delete(projectId);
    await opened?.then(closeSocketDirectory, () => undefined);
  }
}
