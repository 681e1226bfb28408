import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { eventually } from '@anchor/testing/eventually.ts';
import { createIdleClass, nextShare } from './cgroup-idle.ts';

/** A group's files, which list a process as its member. */
async function groupOf(process: ChildProcess): Promise<Readonly<{ group: string; idle(): string; weight(): string }>> {
  const group = await mkdtemp(join(tmpdir(), 'anchor-test-'));
  mkdirSync(join(group, '1-2', 'build'), { recursive: true });
  writeFileSync(join(group, '1-2', 'build', 'cgroup.procs'), `${process.pid}\n`);
  writeFileSync(join(group, 'cpu.idle'), '0');
  writeFileSync(join(group, 'cpu.weight'), '100');
  return {
    group,
    idle: () => readFileSync(join(group, 'cpu.idle'), 'utf8'),
    weight: () => readFileSync(join(group, 'cpu.weight'), 'utf8'),
  };
}

const WEIGHT = { name: 'cpu.weight', standard: 100, most: 10_000 };

test('on a busy machine work that gets too little has a weight, which grows, and it yields again when there is time to spare', async (t) => {
  const worker = spawn(process.execPath, ['-e', 'setInterval(() => {}, 60_000)'], { stdio: 'ignore' });
  const { group, idle, weight } = await groupOf(worker);
  t.after(async () => {
    worker.kill('SIGKILL');
    await once(worker, 'exit');
    await rm(group, { recursive: true, force: true });
  });
  const time = { total: 0, idle: 0, busy: true };
  const machine = (): { total: number; idle: number } => ({
    total: (time.total += 100),
    idle: (time.idle += time.busy ? 0 : 50),
  });
  const end = createIdleClass(group, WEIGHT, { lookMs: 30, machine })();
  t.after(end);
  assert.deepEqual([idle(), weight()], ['1', '100']);
  await eventually(() => assert.deepEqual([idle(), Number(weight()) > 1_000], ['0', true]));
  time.busy = false;
  await eventually(() => assert.equal(idle(), '1'));
});

test('the weight grows below the floor, stays at it, shrinks above it, and is given up with time to spare', () => {
  assert.equal(nextShare(undefined, 0.2, 0), undefined);
  assert.equal(nextShare(undefined, 0, 0.95), undefined);
  let share = nextShare(undefined, 0, 0.1);
  assert.ok(share !== undefined && share < 1);
  for (let look = 0; look < 20; look++) share = nextShare(share, 0, 0.5);
  assert.equal(share, 64);
  assert.equal(nextShare(2, 0, 1), 2);
  for (let look = 0; look < 30; look++) share = nextShare(share, 0, 2);
  assert.equal(share, undefined);
  assert.equal(nextShare(8, 0.1, 0), undefined);
});

test('builds that wanted little and then all of a busy machine get no more than the floor at the second look', () => {
  // The others weigh as much as one group; all of the machine is wanted.
  const partOf = (share: number | undefined): number => (share === undefined ? 0 : share / (share + 1));
  for (const floor of [0.1, 0.25, 0.8]) {
    const share = nextShare(64, 0, partOf(64) / floor, floor);
    assert.ok(partOf(share) < floor * 1.1, `${partOf(share)} of the machine with a floor of ${floor}`);
  }
  assert.equal(nextShare(1, 0, 0), 2, 'a project that got nothing is not given all');
});

test('it is looked after until the last of its sandboxes has gone, and for a while longer', async (t) => {
  const worker = spawn(process.execPath, ['-e', 'setInterval(() => {}, 60_000)'], { stdio: 'ignore' });
  const { group, idle } = await groupOf(worker);
  t.after(async () => {
    worker.kill('SIGKILL');
    await once(worker, 'exit');
    await rm(group, { recursive: true, force: true });
  });
  const machine = () => ({ total: performance.now(), idle: 0 });
  const options = { lookMs: 10, lingerMs: 300, machine };
  const begin = createIdleClass(group, WEIGHT, options);
  const [first, second] = [begin(), begin()];
  first();
  first();
  await eventually(() => assert.equal(idle(), '0'));
  second();
  const third = begin();
  assert.equal(idle(), '0', 'the next of a row does not wait for the weight');
  third();
  await eventually(() => assert.equal(idle(), '1'));
  // A second one of the same group is the same: two would undo what the other writes.
  assert.equal(createIdleClass(group, WEIGHT, options), begin);
  writeFileSync(join(group, 'cpu.idle'), 'as it was left');
  const fourth = begin();
  assert.equal(idle(), '1', 'a new sandbox finds it yielding');
  fourth();
});
