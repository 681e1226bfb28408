import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import fc from 'fast-check';
import type { DiskUse } from '@anchor/core/ports/sandbox.ts';
import { BuildDisks } from './build-disks.ts';

const open = (disks: readonly DiskUse[], limitBytes: number) => {
  const left = new Map(disks.map((disk) => [disk.name, disk]));
  const subject = new BuildDisks(
    {
      listDisks: async () => [...left.values()],
      removeDisk: async (name) => left.get(name)?.inUse === false && left.delete(name),
    },
    limitBytes,
  );
  return { subject, left: () => [...left.keys()].sort() };
};
const disk = (name: string, bytes: number, usedAt: number, inUse = false): DiskUse => ({ name, bytes, usedAt, inUse });
const THREE = [disk('a', 100, 3), disk('b', 100, 1), disk('c', 100, 2)];

test('over the limit the disks used longest ago go, and no more than needed', async () => {
  const { subject, left } = open(THREE, 250);
  assert.deepEqual(await subject.trim(), { names: ['b'], bytes: 100 });
  assert.deepEqual(left(), ['a', 'c']);
  assert.deepEqual(await subject.trim(), { names: [], bytes: 0 });
});

test('a dry run lists what would be removed, and removes nothing', async () => {
  const { subject, left } = open(THREE, 100);
  assert.deepEqual(await subject.trim({ dryRun: true }), { names: ['b', 'c'], bytes: 200 });
  assert.equal(left().length, 3);
});

test('space is freed up to what is requested', async () => {
  const { subject, left } = open(THREE, 1000);
  assert.deepEqual(await subject.freeSpace(101), { names: ['b', 'c'], bytes: 200 });
  assert.deepEqual(left(), ['a']);
});

test('a disk that a build uses stays, even where all caches are freed', async () => {
  const { subject, left } = open([...THREE, disk('building', 1000, 0, true)], 0);
  assert.equal((await subject.trim({ limitBytes: 0 })).bytes, 300);
  assert.deepEqual(left(), ['building']);
});

test('trims at the same time remove no more than one alone', async () => {
  const { subject, left } = open(THREE, 200);
  await Promise.all([subject.trim(), subject.trim(), subject.trim()]);
  assert.deepEqual(left(), ['a', 'c']);
});

test('whatever the disks: the rest is within the limit or in use, and nothing went that was used later than what stayed', async () => {
  const use = fc.record({ bytes: fc.nat(1000), usedAt: fc.nat(100), inUse: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(fc.array(use, { maxLength: 12 }), fc.nat(4000), async (uses, limit) => {
      const disks = uses.map((each, i) => ({ ...each, name: `d${i}` }));
      const { subject, left } = open(disks, limit);
      const { names } = await subject.trim();
      const stayed = disks.filter(({ name }) => left().includes(name));
      const idle = stayed.filter(({ inUse }) => !inUse);
      assert.ok(stayed.reduce((sum, { bytes }) => sum + bytes, 0) <= limit || idle.length === 0);
      const newestGone = Math.max(-1, ...disks.filter(({ name }) => names.includes(name)).map(({ usedAt }) => usedAt));
      assert.ok(idle.every(({ usedAt }) => usedAt >= newestGone));
    }),
  );
});
