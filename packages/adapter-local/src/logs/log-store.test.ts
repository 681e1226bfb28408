import assert from 'node:assert/strict';
import { appendFile, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { LogLine } from '@anchor/core/logs/log-line.ts';
import { linesOf } from '@anchor/core/logs/log-page.ts';
import { newId } from '@anchor/core/names/id.ts';
import { logStoreContract } from '@anchor/testing/contracts/log-store.ts';
import { using } from '@anchor/testing/harness.ts';
import { temporaryDirectory } from '@anchor/testing/temporary.ts';
import { openLogStore } from './log-store.ts';

const make = async () => {
  const directory = await temporaryDirectory();
  const logs = join(directory.path, 'logs');
  return { logs, subject: openLogStore(logs), reopen: async () => openLogStore(logs), end: directory.remove };
};

logStoreContract('logs in files', make);

const id = newId('dpl', Date.UTC(2030, 0, 1));
const lines = (count: number, text = 'x'): Omit<LogLine, 'n'>[] =>
  Array.from({ length: count }, (_, i) => ({ at: i, level: 'info', text: `${text} ${i}` }));
const numbers = (found: readonly LogLine[]): number[] => found.map(({ n }) => n);

test(
  'a line that a crash left half-written is dropped, and the numbers continue',
  using(make, async ({ subject, logs, reopen }) => {
    await subject.append('build', id, lines(3));
    await appendFile(join(logs, 'build', `${id}.jsonl`), '{"n":4,"at":1,"level":"info","te');
    const reopened = await reopen();
    assert.deepEqual(numbers(await reopened.read('build', id, {})), [1, 2, 3]);
    assert.deepEqual(numbers(await reopened.read('build', id, { limit: 2 })), [2, 3]);
    await reopened.append('build', id, lines(1));
    assert.deepEqual(numbers(await reopened.read('build', id, {})), [1, 2, 3, 4]);
  }),
);

test(
  'bytes of no log line are skipped wherever they stand',
  using(make, async ({ subject, logs, reopen }) => {
    await subject.append('build', id, lines(2));
    await appendFile(join(logs, 'build', `${id}.jsonl`), `\n\0\0\0\nnot json\n${'z'.repeat(100_000)}\n{"n":"3"}\n`);
    const reopened = await reopen();
    await reopened.append('build', id, lines(2));
    assert.deepEqual(numbers(await reopened.read('build', id, {})), [1, 2, 3, 4]);
    assert.deepEqual(numbers(await reopened.read('build', id, { after: 2 })), [3, 4]);
    assert.deepEqual(numbers(await reopened.read('build', id, { limit: 3 })), [2, 3, 4]);
  }),
);

test('a run log is rotated with two files, a build log is stored whole', async () => {
  const directory = await temporaryDirectory();
  const store = openLogStore(directory.path, { rotateBytes: 5000 });
  for (let i = 0; i < 100; i++)
    await Promise.all([store.append('run', id, lines(10)), store.append('build', id, lines(10))]);
  assert.deepEqual((await readdir(join(directory.path, 'run'))).sort(), [`${id}.1.jsonl`, `${id}.jsonl`]);
  for (const file of await readdir(join(directory.path, 'run')))
    assert.ok((await stat(join(directory.path, 'run', file))).size < 7000);
  const retained = numbers(await store.read('run', id, {}));
  assert.equal(retained.at(-1), 1000);
  assert.deepEqual(
    retained,
    retained.map((_, i) => retained[0]! + i),
    'no line between the first kept and the last is missing',
  );
  assert.ok(retained.length > 50 && retained.length < 500);
  assert.equal((await store.read('build', id, {})).length, 1000);
  const reopened = openLogStore(directory.path, { rotateBytes: 5000 });
  await reopened.append('run', id, lines(1));
  assert.deepEqual(numbers(await reopened.read('run', id, { limit: 1 })), [1001]);
  await directory.remove();
});

test('a follower in another process loses nothing over rotations, and ends when the log is closed', async () => {
  const directory = await temporaryDirectory();
  const [writer, reader] = [openLogStore(directory.path, { rotateBytes: 20_000 }), openLogStore(directory.path)];
  const seen: number[] = [];
  let behind = (): void => undefined;
  const following = (async () => {
    for await (const page of reader.follow('run', id, {}, new AbortController().signal)) {
      seen.push(...numbers([...linesOf(page)]));
      behind();
    }
  })();
  for (let i = 1; i <= 50; i++) {
    await writer.append('run', id, lines(20));
    // A follower that is a whole file behind would rightly lose lines: wait until it has seen these.
    if (seen.at(-1) !== i * 20)
      await new Promise<void>((resolve) => (behind = () => seen.at(-1) === i * 20 && resolve()));
  }
  await writer.close('run', id);
  await following;
  assert.deepEqual(
    seen,
    Array.from({ length: 1000 }, (_, i) => i + 1),
  );
  await directory.remove();
});

test(
  'the end and any part of a 20 MB log are read without reading the whole',
  using(make, async ({ subject, logs }) => {
    const count = 120_000;
    for (let i = 0; i < count; i += 10_000) await subject.append('build', id, lines(10_000, 'x'.repeat(120)));
    const file = join(logs, 'build', `${id}.jsonl`);
    assert.ok((await stat(file)).size > 20_000_000);
    const started = performance.now();
    assert.deepEqual(numbers(await subject.read('build', id, { limit: 3 })), [count - 2, count - 1, count]);
    assert.deepEqual(numbers(await subject.read('build', id, { after: 77_777, limit: 2 })), [77_778, 77_779]);
    assert.deepEqual(numbers(await subject.read('build', id, { after: count - 1 })), [count]);
    const took = performance.now() - started;
    const whole = performance.now();
    assert.equal((await subject.read('build', id, {})).length, count);
    assert.ok(took * 3 < performance.now() - whole, `three small reads took ${took} ms`);
  }),
);

test(
  'an id that is none reaches no path',
  using(make, async ({ subject }) => {
    await assert.rejects(subject.append('build', 'dpl_../../x', lines(1)), RangeError);
  }),
);
