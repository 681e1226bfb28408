import assert from 'node:assert/strict';
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, open, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { test } from 'node:test';
import { run } from './command.ts';
import { Disks } from './disk.ts';
import { mountPoints } from './mount-points.ts';
import { ownerOf, uidOf } from './identity.ts';

const owner = ownerOf(process.pid) ?? '';

const withDisks = async (use: (disks: Disks, dir: string) => Promise<void>): Promise<void> => {
  const dir = await mkdtemp(join(tmpdir(), 'anchor-test-'));
  try {
    await use(new Disks(dir, owner), dir);
  } finally {
    const left = mountPoints().filter((path) => path.startsWith(dir));
    await new Disks(dir, 'nobody').sweep();
    await rm(dir, { recursive: true, force: true });
    assert.deepEqual(left, []);
  }
};
const opened = async (disks: Disks, sizeMb = 32, identity = 'prj_one') => {
  const disk = await disks.open('one', identity, sizeMb);
  assert.ok(disk.ok);
  assert.equal(disk.value.hard, true);
  return disk.value;
};

test('a full disk refuses with ENOSPC and takes no more of the machine than its size', () =>
  withDisks(async (disks, dir) => {
    const disk = await opened(disks);
    await assert.rejects(writeFile(join(disk.path, 'big'), Buffer.alloc(40 * 2 ** 20)), { code: 'ENOSPC' });
    await disk.close();
    const { size, blocks } = await stat(join(dir, 'one.img'));
    assert.equal(size, 32 * 2 ** 20);
    assert.ok(blocks * 512 <= size);
  }));

test('closing releases the space of deleted files to the machine', () =>
  withDisks(async (disks, dir) => {
    const disk = await opened(disks, 64);
    await writeFile(join(disk.path, 'big'), Buffer.alloc(30 * 2 ** 20, 'x'));
    await rm(join(disk.path, 'big'));
    await disk.close();
    assert.ok((await stat(join(dir, 'one.img'))).blocks * 512 < 8 * 2 ** 20);
  }));

test('it is mounted without devices and setuid programs, for its identity only', () =>
  withDisks(async (disks) => {
    const disk = await opened(disks);
    const line =
      (await readFile('/proc/self/mounts', 'utf8')).split('\n').find((each) => each.includes(` ${disk.path} `)) ?? '';
    assert.match(line, /nosuid,nodev/);
    assert.equal((await stat(disk.path)).uid, uidOf('prj_one'));
    await disk.close();
  }));

test('a damaged image, one that was not unmounted in order and one of another size are recreated', () =>
  withDisks(async (disks, dir) => {
    const image = join(dir, 'one.img');
    const damage = async (at: number, bytes: number): Promise<void> => {
      const file = await open(image, 'r+');
      await file.write(Buffer.alloc(bytes), 0, bytes, at);
      await file.close();
    };
    for (const spoil of [() => damage(0, 4096), () => damage(1024 + 0x3a, 2), () => writeFile(image, 'short')]) {
      const disk = await opened(disks);
      await writeFile(join(disk.path, 'file'), 'x');
      await disk.close();
      await spoil();
      const reopened = await opened(disks);
      assert.deepEqual(await readdir(reopened.path), []);
      await reopened.close();
    }
    const larger = await opened(disks, 48);
    assert.ok((await larger.free()).sizeMb > 32);
    await larger.close();
  }));

/** A mount namespace with a copy of every mount, as a sandbox has it for a moment while it starts. */
const holdMounts = async (): Promise<ChildProcessByStdio<Writable, Readable, null>> => {
  const holder = spawn('unshare', ['--mount', '--propagation', 'private', 'sh', '-c', 'echo ready; read line'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await once(holder.stdout, 'data');
  return holder;
};

test('what a closed disk takes of the machine is known although a mount namespace still has a copy of the mount', () =>
  withDisks(async (disks) => {
    const disk = await opened(disks);
    await writeFile(join(disk.path, 'file'), Buffer.alloc(12 * 2 ** 20, 'x'));
    const holder = await holdMounts();
    try {
      await disk.close();
      const [use] = disks.list();
      assert.ok(use !== undefined && use.bytes > 12 * 2 ** 20, `${use?.bytes} bytes`);
    } finally {
      holder.stdin.end();
      if (holder.exitCode === null) await once(holder, 'exit');
    }
  }));

test('what it holds survives a mount namespace that still has a copy of the mount when it is closed', () =>
  withDisks(async (disks) => {
    const disk = await opened(disks);
    await writeFile(join(disk.path, 'file'), 'kept');
    const holder = await holdMounts();
    await disk.close();
    setTimeout(() => holder.stdin.end(), 400).unref();
    const reopened = await opened(disks);
    assert.equal(await readFile(join(reopened.path, 'file'), 'utf8'), 'kept');
    if (holder.exitCode === null) await once(holder, 'exit');
    await reopened.close();
  }));

test('another identity finds nothing of the earlier one', () =>
  withDisks(async (disks) => {
    const disk = await opened(disks);
    await writeFile(join(disk.path, 'file'), 'x');
    await disk.close();
    const other = await opened(disks, 32, 'prj_two');
    assert.deepEqual(await readdir(other.path), []);
    assert.equal((await stat(other.path)).uid, uidOf('prj_two'));
    await other.close();
  }));

test('a disk that a living process has open is in use, one of a dead process is taken over', () =>
  withDisks(async (disks, dir) => {
    const disk = await opened(disks);
    await writeFile(join(disk.path, 'file'), 'x');
    const others = new Disks(dir, 'nobody');
    const refused = await others.open('one', 'prj_one', 32);
    assert.equal(refused.ok ? 'opened' : refused.error.code, 'conflict');
    await others.sweep();
    await others.remove('one');
    assert.ok(existsSync(join(disk.path, 'file')));
    // As if its process had been killed: the mark names a process that does not exist.
    await writeFile(join(dir, 'one.owner'), '1-1');
    const taken = await new Disks(dir, 'nobody').open('one', 'prj_one', 32);
    assert.ok(taken.ok);
    assert.equal(await readFile(join(taken.value.path, 'file'), 'utf8'), 'x');
    await taken.value.close();
  }));

test('names that are not plain and sizes that make no sense are refused', () =>
  withDisks(async (disks) => {
    for (const name of ['', '../x', 'a/b', 'A', '.x', 'a.img', '-x', 'x'.repeat(65)]) {
      const disk = await disks.open(name, 'prj_one', 32);
      assert.equal(disk.ok ? 'opened' : disk.error.code, 'invalid_input', name);
      await disks.remove(name);
    }
    for (const size of [0, 1.5, -1, Number.NaN]) assert.equal((await disks.open('one', 'prj_one', size)).ok, false);
  }));

/** Opens the durable disk `one` of a directory in another process, and prints whether it is bounded. */
const OPENER = `
const { Disks } = await import(process.argv[1]);
const disk = await new Disks(process.argv[2], process.argv[3], { durable: true }).open('one', 'prj_one', 32);
console.log(disk.ok && disk.value.hard);`;

test('a durable disk that cannot be mounted for a moment keeps what is on it', () =>
  withDisks(async (_, dir) => {
    const durable = new Disks(dir, owner, { durable: true });
    const before = await opened(durable);
    await writeFile(join(before.path, 'record'), 'kept');
    await before.close();
    // In a mount namespace of its own, where there is no loop device.
    const script = 'mount -t tmpfs none /dev && mknod -m 666 /dev/null c 1 3 && exec "$@"';
    const module = new URL('disk.ts', import.meta.url).href;
    const node = [
      process.execPath,
      '--disable-warning=ExperimentalWarning',
      '--input-type=module',
      '-e',
      OPENER,
      module,
      dir,
      '1-1',
    ];
    const there = await run(['unshare', '-m', '--propagation', 'private', 'sh', '-c', script, 'sh', ...node]);
    assert.deepEqual([there.stdout, there.stderr, there.code], ['false\n', '', 0]);
    const after = await opened(durable);
    assert.equal(await readFile(join(after.path, 'record'), 'utf8'), 'kept');
    await after.close();
  }));
