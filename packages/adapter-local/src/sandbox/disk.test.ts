import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, open, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createDisks, mountPoints, type Disks } from './disk.ts';
import { ownerOf, uidOf } from './identity.ts';

const owner = ownerOf(process.pid) ?? '';

const withDisks = async (use: (disks: Disks, dir: string) => Promise<void>): Promise<void> => {
  const dir = await mkdtemp(join(tmpdir(), 'anchor-test-'));
  try {
    await use(createDisks(dir, owner), dir);
  } finally {
    const left = mountPoints().filter((path) => path.startsWith(dir));
    await createDisks(dir, 'nobody').sweep();
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

test('a full disk refuses with ENOSPC and takes no more of the machine than its size', () => withDisks(async (disks, dir) => {
  const disk = await opened(disks);
  await assert.rejects(writeFile(join(disk.path, 'big'), Buffer.alloc(40 * 2 ** 20)), { code: 'ENOSPC' });
  await disk.close();
  const { size, blocks } = await stat(join(dir, 'one.img'));
  assert.equal(size, 32 * 2 ** 20);
  assert.ok(blocks * 512 <= size);
}));

test('closing gives the room of deleted files back to the machine', () => withDisks(async (disks, dir) => {
  const disk = await opened(disks, 64);
  await writeFile(join(disk.path, 'big'), Buffer.alloc(30 * 2 ** 20, 'x'));
  await rm(join(disk.path, 'big'));
  await disk.close();
  assert.ok((await stat(join(dir, 'one.img'))).blocks * 512 < 8 * 2 ** 20);
}));

test('it is mounted without devices and setuid programs, for its identity only', () => withDisks(async (disks) => {
  const disk = await opened(disks);
  const line = (await readFile('/proc/self/mounts', 'utf8')).split('\n').find((each) => each.includes(` ${disk.path} `)) ?? '';
  assert.match(line, /nosuid,nodev/);
  assert.equal((await stat(disk.path)).uid, uidOf('prj_one'));
  await disk.close();
}));

test('a damaged image, one that was not unmounted in order and one of another size are made anew', () => withDisks(async (disks, dir) => {
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
    const again = await opened(disks);
    assert.deepEqual(await readdir(again.path), []);
    await again.close();
  }
  const larger = await opened(disks, 48);
  assert.ok((await larger.free()).sizeMb > 32);
  await larger.close();
}));

test('another identity finds nothing of the earlier one', () => withDisks(async (disks) => {
  const disk = await opened(disks);
  await writeFile(join(disk.path, 'file'), 'x');
  await disk.close();
  const other = await opened(disks, 32, 'prj_two');
  assert.deepEqual(await readdir(other.path), []);
  assert.equal((await stat(other.path)).uid, uidOf('prj_two'));
  await other.close();
}));

test('a disk that a living process has open is in use, one of a dead process is taken over', () => withDisks(async (disks, dir) => {
  const disk = await opened(disks);
  await writeFile(join(disk.path, 'file'), 'x');
  const others = createDisks(dir, 'nobody');
  const refused = await others.open('one', 'prj_one', 32);
  assert.equal(refused.ok ? 'opened' : refused.error.code, 'conflict');
  await others.sweep();
  await others.remove('one');
  assert.ok(existsSync(join(disk.path, 'file')));
  // As if its process had been killed: the mark names nobody who lives.
  await writeFile(join(dir, 'one.owner'), '1-1');
  const taken = await createDisks(dir, 'nobody').open('one', 'prj_one', 32);
  assert.ok(taken.ok);
  assert.equal(await readFile(join(taken.value.path, 'file'), 'utf8'), 'x');
  await taken.value.close();
}));

test('names that are not plain and sizes that make no sense are refused', () => withDisks(async (disks) => {
  for (const name of ['', '../x', 'a/b', 'A', '.x', 'a.img', '-x', 'x'.repeat(65)]) {
    const disk = await disks.open(name, 'prj_one', 32);
    assert.equal(disk.ok ? 'opened' : disk.error.code, 'invalid_input', name);
    await disks.remove(name);
  }
  for (const size of [0, 1.5, -1, Number.NaN]) assert.equal((await disks.open('one', 'prj_one', size)).ok, false);
}));
