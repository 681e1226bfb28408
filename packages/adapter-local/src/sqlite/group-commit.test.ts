import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { GroupCommit } from './group-commit.ts';

/** A writer whose flushes end when the test ends them. */
function open() {
  const sqlite = new DatabaseSync(':memory:');
  sqlite.exec('CREATE TABLE t (a)');
  const flushes: ((error: Error | null) => void)[] = [];
  let flushedNow = 0;
  const writer = new GroupCommit(sqlite, {
    start: (done) => void flushes.push(done),
    now: () => void (flushedNow += 1),
    close: () => undefined,
  });
  const settled: number[] = [];
  const write = (a: number) =>
    writer.add(() => Number(sqlite.prepare('INSERT INTO t VALUES (?)').run(a).changes)).then(() => settled.push(a));
  const turn = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  const count = () => Number(sqlite.prepare('SELECT COUNT(*) AS n FROM t').get()?.['n']);
  return { sqlite, writer, flushes, settled, write, turn, count, now: () => flushedNow };
}

test('a write resolves after its flush, not before', async () => {
  const { write, turn, flushes, settled, count } = open();
  const first = write(1);
  await turn();
  assert.deepEqual([count(), settled.length, flushes.length], [1, 0, 1]);
  flushes[0]!(null);
  await first;
  assert.deepEqual(settled, [1]);
});

test('writes that come during a flush share the next one', async () => {
  const { write, turn, flushes, settled } = open();
  const all = [write(1)];
  await turn();
  for (let a = 2; a <= 50; a++) {
    all.push(write(a));
    await turn();
  }
  assert.equal(flushes.length, 1);
  flushes[0]!(null);
  await turn();
  assert.deepEqual([settled, flushes.length], [[1], 2]);
  flushes[1]!(null);
  await Promise.all(all);
  assert.equal(settled.length, 50);
});

test('a failed flush rejects its writes and all that come after', async () => {
  const { write, turn, flushes, settled } = open();
  const lost = write(1);
  await turn();
  const next = write(2);
  flushes[0]!(new Error('EIO'));
  await assert.rejects(lost, /EIO/);
  await assert.rejects(next, /EIO/);
  await assert.rejects(write(3), /EIO/);
  assert.deepEqual(settled, []);
});

test('an operation that changes nothing needs no flush', async () => {
  const { writer, sqlite, flushes } = open();
  assert.equal(await writer.add(() => sqlite.prepare('DELETE FROM t').run().changes), 0);
  assert.equal(flushes.length, 0);
});

test('closing during a flush settles what is in flight and what is queued, after a flush of its own', async () => {
  const { write, writer, turn, flushes, settled, count, now } = open();
  const all = [write(1)];
  await turn();
  all.push(write(2));
  writer.close();
  await Promise.all(all);
  assert.deepEqual([settled, count(), now()], [[1, 2], 2, 1]);
  flushes[0]!(null);
  await assert.rejects(write(3), /closed/);
});
