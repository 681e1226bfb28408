import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  closeSync,
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';
import type { Mount } from '@anchor/core/ports/sandbox.ts';
import { TOOL_ENV } from './command.ts';
import { BOUND, writeEtc } from './etc.ts';
import { createMountPoint, MountTable, type MountSource } from './mount-table.ts';
import { sortMounts, tableLine } from './mounts.ts';

const STAGE = fileURLToPath(new URL('stage.sh', import.meta.url));

/** The mount namespace of one sandbox, held open by a file descriptor of this process: it ends with us. */
export type MountNamespace = Readonly<{ namespace: string; close(): void }>;

/** Pseudo terminals of one sandbox: the machine has 4,096 of them. */
const TERMINALS = 64;
/** Of a sandbox that has no other mount there. */
const TEMPORARY: Mount = { kind: 'tmpfs', to: '/tmp', sizeMb: 64 };

type Plan = Readonly<{
  dir: string;
  uid: number;
  mounts: readonly Mount[];
  nameServers: readonly string[];
  ownNames?: readonly string[] | undefined;
  trustStore?: string;
  /** `cgroup.procs` files of the sandbox's control groups. */
  procsFiles: readonly string[];
}>;

/**
 * Builds two trees in a private mount namespace: an outer one with only bubblewrap and its libraries, and `/sandbox` in
 * it, which becomes the root of the sandbox. It is built as root, so nothing on the host needs to be readable by the
 * sandbox's user on the way to a mount.
 */
export const createMountNamespace = async (plan: Plan): Promise<Result<MountNamespace>> => {
  const outer = join(plan.dir, 'root');
  const inner = join(outer, 'sandbox');
  for (const name of ['proc', 'dev', 'pts', 'usr', 'tmp', 'sandbox/proc', 'sandbox/dev', 'sandbox/usr', 'sandbox/tmp'])
    mkdirSync(join(outer, name), { recursive: true });
  writeEtc(join(inner, 'etc'), plan.nameServers, plan.ownNames);

  const lines = [tableLine(outer, outer, 'none', 'bind'), tableLine('/proc', join(outer, 'proc'), 'none', 'bind')];
  const bind = (from: string, target: string, options: string): void =>
    void lines.push(tableLine(from, target, 'none', `bind,${options}`));
  lines.push(
    tableLine(
      'devpts',
      join(outer, 'pts'),
      'devpts',
      `newinstance,ptmxmode=0666,mode=0620,max=${TERMINALS},nosuid,noexec`,
    ),
  );
  bind('/dev', join(outer, 'dev'), 'nosuid'); // bubblewrap takes null, zero, random … from there
  bind('/usr', join(outer, 'usr'), 'ro,nosuid');
  bind(inner, inner, 'ro,nosuid,nodev');
  bind('/usr', join(inner, 'usr'), 'ro,nosuid,nodev');
  for (const name of ['bin', 'sbin', 'lib', 'lib64', 'lib32']) systemDirectory(name, outer, inner, bind);
  for (const path of [...BOUND, ...(plan.trustStore === undefined ? [] : [plan.trustStore])]) {
    if (!existsSync(path)) continue;
    createMountPoint(inner, path, statSync(path).isDirectory());
    bind(path, join(inner, path), 'ro,nosuid,nodev');
  }

  const mounts = new MountTable(inner, plan.uid);
  const hasTemporary = plan.mounts.some((mount) => mount.to === '/tmp');
  for (const mount of sortMounts([...plan.mounts, ...(hasTemporary ? [] : [TEMPORARY])])) {
    const line = await mounts.add(mount);
    if (!line.ok) return line;
    lines.push(line.value);
  }
  openToAll(outer);
  const table = join(plan.dir, 'mounts');
  writeFileSync(table, lines.join(''));
  return stage(table, outer, mounts.sources, plan.procsFiles);
};

/** Lets the sandbox's user read and pass what was created here, whatever file mode mask the platform runs with. */
const openToAll = (dir: string): void => {
  chmodSync(dir, 0o755);
  for (const entry of readdirSync(dir, { withFileTypes: true })) {
    if (entry.isDirectory()) openToAll(join(dir, entry.name));
    else if (entry.isFile()) chmodSync(join(dir, entry.name), 0o644);
  }
};

/** Returns the mount of /bin, /lib …: links into /usr on current systems and directories on older ones. */
const systemDirectory = (
  name: string,
  outer: string,
  inner: string,
  bind: (from: string, target: string, options: string) => void,
): void => {
  const found = lstatSync(`/${name}`, { throwIfNoEntry: false });
  if (found?.isSymbolicLink() === true) {
    for (const root of [outer, inner]) symlinkSync(readlinkSync(`/${name}`), join(root, name));
  } else if (found?.isDirectory() === true) {
    for (const root of [outer, inner]) {
      mkdirSync(join(root, name), { recursive: true });
      bind(`/${name}`, join(root, name), 'ro,nosuid,nodev');
    }
  }
};

const stage = async (
  table: string,
  outer: string,
  sources: readonly MountSource[],
  procsFiles: readonly string[],
): Promise<Result<MountNamespace>> => {
  const child = spawn('unshare', ['--mount', '--propagation', 'private', 'sh', STAGE, table, outer], {
    env: TOOL_ENV,
    cwd: '/',
    stdio: 'pipe',
  });
  // Its memory counts as the sandbox's. And the kernel's lock for moving processes, slow to take the first time, is
  // then still at hand when the sandbox's program joins.
  for (const file of procsFiles) void writeFile(file, String(child.pid)).catch(() => {});
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  child.stdin.on('error', () => {});
  const ended = once(child, 'close').catch((error: Error) => (errors += error.message));
  const ready = await Promise.race([once(child.stdout, 'data').then(() => true), ended.then(() => false)]);
  const problem = (why: string): Result<never> =>
    fail(
      'sandbox_unavailable',
      'The files of a sandbox could not be put together',
      'See the cause; docs/isolation.md says what a machine needs.',
      why,
    );
  if (!ready || child.pid === undefined) return problem(errors.trim());
  const [swapped] = sources.filter(({ to, source }) => {
    const found = statSync(`/proc/${child.pid}/root/sandbox${to}`, { throwIfNoEntry: false });
    return found?.ino !== source.ino || found.dev !== source.dev;
  });
  const descriptor = swapped === undefined ? openSync(`/proc/${child.pid}/ns/mnt`, 'r') : undefined;
  child.stdin.end(); // it ends by itself; the descriptor keeps the namespace
  if (descriptor === undefined) return problem(`${swapped?.to} changed while it was mounted`);
  let open = true;
  return ok({
    namespace: `/proc/${process.pid}/fd/${descriptor}`,
    close: () => {
      if (open) closeSync(descriptor);
      open = false;
    },
  });
};
