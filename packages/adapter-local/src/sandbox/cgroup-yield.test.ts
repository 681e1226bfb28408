import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { eventually } from '@anchor/testing/eventually.ts';
import { createYielding } from './cgroup-yield.ts';

/** A group's files, and a process in it as far as they say. */
async function groupOf(process: ChildProcess): Promise<Readonly<{ group: string; idle(): string; weight(): string }>> {
  const group = await mkdtemp(join(tmpdir(), 'anchor-test-'));
  mkdirSync(join(group, '1-2', 'build'), { recursive: true });
  writeFileSync(join(group, '1-2', 'build', 'cgroup.procs'), `${process.pid}\n`);
  writeFileSync(join(group, 'cpu.idle'), '0');
  writeFileSync(join(group, 'cpu.weight'), '100');
  return { group, idle: () => readFileSync(join(group, 'cpu.idle'), 'utf8'), weight: () => readFileSync(join(group, 'cpu.weight'), 'utf8') };
}

test('work that gets nothing has its share until it has moved on, and yields again then', async (t) => {
  const worker = spawn(process.execPath, ['-e', "process.stdin.once('data', () => { for (;;); })"], { stdio: ['pipe', 'ignore', 'inherit'] });
  const { group, idle, weight } = await groupOf(worker);
  t.after(async () => {
    worker.kill('SIGKILL');
    if (worker.exitCode === null && worker.signalCode === null) await once(worker, 'exit');
    await rm(group, { recursive: true, force: true });
  });
  const end = createYielding(group, ['cpu.weight', '10'], 200)();
  t.after(end);
  assert.deepEqual([idle(), weight()], ['1', '100']);
  // It waits: nothing tells that from work which gets no processor.
  await eventually(() => assert.deepEqual([idle(), weight()], ['0', '10']));
  worker.stdin.write('work\n');
  await eventually(() => assert.equal(idle(), '1'));
});

test('it is looked after until the last of its sandboxes has gone', async (t) => {
  const worker = spawn(process.execPath, ['-e', 'setInterval(() => {}, 60_000)'], { stdio: 'ignore' });
  const { group, idle } = await groupOf(worker);
  t.after(async () => {
    worker.kill('SIGKILL');
    await once(worker, 'exit');
    await rm(group, { recursive: true, force: true });
  });
  const begin = createYielding(group, ['cpu.weight', '10'], 10);
  const [first, second] = [begin(), begin()];
  first();
  first();
  await eventually(() => assert.equal(idle(), '0'));
  second();
  writeFileSync(join(group, 'cpu.idle'), 'as it was left');
  await new Promise((resolve) => setImmediate(resolve));
  const third = begin();
  assert.equal(idle(), '1', 'a new sandbox finds it yielding');
  third();
});
