import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, closeSync, existsSync, lstatSync, mkdirSync, openSync, readdirSync, readlinkSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';
import type { Mount } from '@anchor/core/ports/sandbox.ts';
import { run, TOOL_ENV } from './command.ts';
import { BOUND, writeEtc } from './etc.ts';
import { coveringMount, directoryInside, parseTarget, resolveSource, sortMounts, tableLine, type Source } from './mounts.ts';

const STAGE = fileURLToPath(new URL('stage.sh', import.meta.url));

/** The mount namespace of one sandbox, held open by a file descriptor of this process: it ends with us. */
export type Root = Readonly<{ namespace: string; close(): void }>;

type Plan = Readonly<{
  dir: string;
  uid: number;
  mounts: readonly Mount[];
  nameServers: readonly string[];
  trustStore?: string;
  /** Files that take a process id and move it into the sandbox's control groups. */
  doors: readonly string[];
}>;

/**
 * Builds two trees in a private mount namespace: an outer one with only bubblewrap and its libraries, and `/sandbox`
 * in it, which becomes the root of the sandbox. It is built as root, so nothing on the host needs to be readable
 * by the sandbox's user on the way to a mount.
 */
export const buildRoot = async (plan: Plan): Promise<Result<Root>> => {
  const outer = join(plan.dir, 'root');
  const inner = join(outer, 'sandbox');
  for (const name of ['proc', 'dev', 'usr', 'tmp', 'sandbox/proc', 'sandbox/dev', 'sandbox/usr', 'sandbox/tmp']) mkdirSync(join(outer, name), { recursive: true });
  writeEtc(join(inner, 'etc'), plan.nameServers);

  const lines = [tableLine(outer, outer, 'none', 'bind'), tableLine('/proc', join(outer, 'proc'), 'none', 'bind')];
  const bind = (from: string, target: string, options: string): void => void lines.push(tableLine(from, target, 'none', `bind,${options}`));
  bind('/dev', join(outer, 'dev'), 'nosuid'); // bubblewrap takes null, zero, random … from there
  bind('/usr', join(outer, 'usr'), 'ro,nosuid');
  bind(inner, inner, 'ro,nosuid,nodev');
  bind('/usr', join(inner, 'usr'), 'ro,nosuid,nodev');
  for (const name of ['bin', 'sbin', 'lib', 'lib64', 'lib32']) systemDirectory(name, outer, inner, bind);
  for (const path of [...BOUND, ...(plan.trustStore === undefined ? [] : [plan.trustStore])]) {
    if (!existsSync(path)) continue;
    place(inner, path, statSync(path).isDirectory());
    bind(path, join(inner, path), 'ro,nosuid,nodev');
  }

  const checks: { to: string; source: Source }[] = [];
  const mounts = sortMounts(plan.mounts.some((mount) => mount.to === '/tmp') ? plan.mounts : [...plan.mounts, { kind: 'tmpfs', to: '/tmp', sizeMb: 64 }]);
  for (const [index, mount] of mounts.entries()) {
    const added = await addMount(plan, inner, mount, mounts.slice(0, index), checks);
    if (!added.ok) return added;
    lines.push(added.value);
  }
  openToAll(outer);
  const table = join(plan.dir, 'mounts');
  writeFileSync(table, lines.join(''));
  return stage(table, outer, checks, plan.doors);
};

/** The sandbox's user must read and pass what was made here, whatever file mode mask the platform runs with. */
const openToAll = (dir: string): void => {
  chmodSync(dir, 0o755);
  for (const entry of readdirSync(dir, { withFileTypes: true })) {
    if (entry.isDirectory()) openToAll(join(dir, entry.name));
    else if (entry.isFile()) chmodSync(join(dir, entry.name), 0o644);
  }
};

/** /bin, /lib … are links into /usr on current systems and directories on older ones. */
const systemDirectory = (name: string, outer: string, inner: string, bind: (from: string, target: string, options: string) => void): void => {
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

const place = (inner: string, to: string, directory: boolean): void => {
  const target = join(inner, to);
  mkdirSync(directory ? target : dirname(target), { recursive: true });
  if (!directory && !existsSync(target)) writeFileSync(target, '');
};

const addMount = async (plan: Plan, inner: string, mount: Mount, earlier: readonly Mount[], checks: { to: string; source: Source }[]): Promise<Result<string>> => {
  const to = parseTarget(mount.to);
  if (!to.ok) return to;
  if (earlier.some((other) => other.to === mount.to)) return fail('invalid_input', `two mounts of a sandbox are at ${mount.to}`, 'Give each mount its own place.');
  const target = join(inner, to.value);
  const source = mount.kind === 'read' || mount.kind === 'write' ? resolveSource(mount.from) : undefined;
  if (source !== undefined && !source.ok) return source;

  const cover = coveringMount(earlier, to.value);
  const makeInside = cover?.kind === 'tmpfs' ? ',X-mount.mkdir' : '';
  if (cover === undefined) place(inner, to.value, source?.value.directory ?? true);
  else if (cover.kind !== 'tmpfs') {
    const base = resolveSource(cover.kind === 'overlay' ? cover.upper : cover.from);
    if (!base.ok) return base;
    if (source?.value.directory === false) return fail('invalid_input', `the file ${mount.to} would cover a part of another mount`, 'Mount directories inside other mounts.');
    const made = directoryInside(base.value.path, to.value.slice(cover.to.length), plan.uid, cover.kind !== 'read');
    if (!made.ok) return made;
  }

  if (mount.kind === 'tmpfs') {
    return ok(tableLine('tmpfs', target, 'tmpfs', `size=${Math.max(1, Math.ceil(mount.sizeMb))}m,mode=1777,uid=${plan.uid},gid=${plan.uid},nosuid,nodev${makeInside}`));
  }
  if (mount.kind === 'overlay') {
    const layers = [mount.lower, mount.upper, mount.work].map(resolveSource);
    const [lower, upper, work] = layers;
    for (const layer of layers) if (!layer.ok) return layer;
    if (!lower?.ok || !upper?.ok || !work?.ok) return fail('internal', 'an overlay needs three layers', 'Report this.');
    const paths = [lower.value.path, upper.value.path, work.value.path];
    if (paths.some((path) => /[,:\\"]/.test(path))) return fail('invalid_input', `an overlay can not use ${paths.join(', ')}`, 'Use paths without "," ":" and "\\".');
    await give(upper.value, plan.uid);
    return ok(tableLine('overlay', target, 'overlay', `lowerdir=${paths[0]},upperdir=${paths[1]},workdir=${paths[2]},nosuid,nodev${makeInside}`));
  }
  if (source === undefined) return fail('internal', `the mount at ${mount.to} has no source`, 'Report this.');
  if (mount.kind === 'write') await give(source.value, plan.uid);
  checks.push({ to: to.value, source: source.value });
  return ok(tableLine(source.value.path, target, 'none', `bind,${mount.kind === 'read' ? 'ro' : 'rw'},nosuid,nodev${makeInside}`));
};

/** A writable directory belongs to the sandbox's user; the first time with everything in it. */
const give = async (source: Source, uid: number): Promise<void> => {
  if (statSync(source.path).uid !== uid) await run(['chown', '-hR', `${uid}:${uid}`, '--', source.path]);
};

const stage = async (table: string, outer: string, checks: readonly { to: string; source: Source }[], doors: readonly string[]): Promise<Result<Root>> => {
  const child = spawn('unshare', ['--mount', '--propagation', 'private', 'sh', STAGE, table, outer], { env: TOOL_ENV, cwd: '/', stdio: 'pipe' });
  // Its memory counts as the sandbox's. And the kernel's lock for moving processes, slow to take the first time,
  // is then still at hand when the sandbox's program joins.
  for (const door of doors) void writeFile(door, String(child.pid)).catch(() => {});
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  child.stdin.on('error', () => {});
  const ended = once(child, 'close').catch((error: Error) => (errors += error.message));
  const ready = await Promise.race([once(child.stdout, 'data').then(() => true), ended.then(() => false)]);
  const problem = (why: string): Result<never> => fail('sandbox_unavailable', 'the files of a sandbox could not be put together', 'See the cause; docs/isolation.md says what a machine needs.', why);
  if (!ready || child.pid === undefined) return problem(errors.trim());
  const [swapped] = checks.filter(({ to, source }) => {
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
