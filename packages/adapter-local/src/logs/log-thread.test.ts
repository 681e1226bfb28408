import assert from 'node:assert/strict';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { Worker } from 'node:worker_threads';
import type { LogLine } from '@anchor/core/logs/log-line.ts';
import { lineBounds } from '@anchor/core/logs/log-page.ts';
import { newId, type DeploymentId } from '@anchor/core/names/id.ts';
import type { LogStore } from '@anchor/core/ports/log-store.ts';
import { using } from '@anchor/testing/harness.ts';
import { temporaryDirectory } from '@anchor/testing/temporary.ts';
import { logFiles } from './log-files.ts';
import { LogThread } from './log-thread.ts';
import { openLogStore } from './log-store.ts';

const id = newId('dpl', Date.UTC(2030, 0, 1));
const make = async () => {
  const directory = await temporaryDirectory();
  const subject = openLogStore(directory.path);
  await subject.append(
    'build',
    id,
    Array.from({ length: 20_000 }, (_, i): Omit<LogLine, 'n'> => ({
      at: i,
      level: i === 777 ? 'error' : 'info',
      text: `${'x'.repeat(200)} ${i}`,
    })),
  );
  return { subject, directory: directory.path, end: directory.remove };
};

/** Runs `work`, and returns how often this thread read a file meanwhile. */
async function readsDuring(work: () => Promise<void>): Promise<number> {
  const handle = await open('/dev/null');
  const prototype = Object.getPrototypeOf(handle) as { read: (...args: unknown[]) => unknown };
  await handle.close();
  const { read } = prototype;
  let reads = 0;
  prototype.read = function counted(...args) {
    reads += 1;
    return read.apply(this, args);
  };
  try {
    await work();
  } finally {
    prototype.read = read;
  }
  return reads;
}

test(
  "a search of a large log reads nothing in the server's own thread",
  using(make, async ({ subject }) => {
    const reads = await readsDuring(async () => {
      const found = await Promise.all([
        subject.read('build', id, { text: ' 19999', limit: 10 }),
        subject.read('build', id, { level: 'error', limit: 10 }),
        subject.read('build', id, { requestId: 'none', after: 0 }),
      ]);
      assert.deepEqual(
        found.map((lines) => lines.map(({ n }) => n)),
        [[20_000], [778], []],
      );
    });
    assert.equal(reads, 0);
  }),
);

test(
  'the last lines of a large log are read without a search, in a few pieces',
  using(make, async ({ subject }) => {
    const reads = await readsDuring(async () => {
      assert.equal((await subject.read('build', id, { limit: 100 })).length, 100);
    });
    assert.ok(reads > 0 && reads <= 4, `${reads} reads`);
  }),
);

test(
  'a search that fails rejects, others go on, and a log that is gone has no lines',
  using(make, async ({ subject, directory }) => {
    const thread = new LogThread();
    const files = logFiles(directory, 'build', id);
    // A directory cannot be read as a log.
    const broken = thread.search({ ...files, current: directory }, { text: 'x', limit: 1 });
    const fine = thread.search(files, { text: ' 5', limit: 1 });
    await assert.rejects(broken, /EISDIR/);
    assert.equal((await fine).length, 1);
    await rm(join(directory, 'build'), { recursive: true });
    assert.deepEqual(await subject.read('build', id, { text: 'x', limit: 1 }), []);
  }),
);

test(
  'many followers of a large log read it in the thread, but for their first page',
  using(make, async ({ subject }) => {
    await subject.close('build', id);
    const followers = 5;
    let parsed = 0;
    const { parse } = JSON;
    JSON.parse = (...args) => {
      parsed += 1;
      return parse(...args);
    };
    const reads = await readsDuring(async () => {
      const found = await Promise.all(Array.from({ length: followers }, () => numbersOf(subject, id)));
      for (const one of found) assert.deepEqual(one, numbers(1, 20_000));
    }).finally(() => {
      JSON.parse = parse;
    });
    assert.ok(reads <= followers, `${reads} reads`);
    // Some 200 of these lines are a page.
    assert.ok(parsed <= followers * 250, `${parsed} lines parsed`);
  }),
);

test(
  'a follower that left before its turn has nothing read for it',
  using(make, async ({ directory }) => {
    const thread = new LogThread();
    const stop = new AbortController();
    const page = (signal: AbortSignal) => thread.page(logFiles(directory, 'build', id), {}, { n: 0 }, signal);
    const pages = [page(new AbortController().signal), page(stop.signal)];
    stop.abort();
    assert.deepEqual(
      (await Promise.all(pages)).map((read) => [read.more, read.position.n > 0, read.page.length > 0]),
      [
        [true, true, true],
        [false, false, false],
      ],
    );
  }),
);

test(
  'a follower does not wait for the many of another log',
  using(make, async ({ subject }) => {
    const other = newId('dpl', Date.UTC(2030, 0, 2));
    await subject.append(
      'build',
      other,
      Array.from({ length: 2_000 }, (_, i): Omit<LogLine, 'n'> => ({ at: i, level: 'info', text: 'x'.repeat(200) })),
    );
    for (const log of [id, other]) await subject.close('build', log);
    const stop = new AbortController();
    let pagesOfMany = 0;
    const many = Array.from({ length: 50 }, async () => {
      for await (const _page of subject.follow('build', id, { after: 0 }, stop.signal)) pagesOfMany += 1;
    });
    assert.deepEqual(await numbersOf(subject, other), numbers(1, 2_000));
    // It has 11 pages. Each of the many has read its first one, and they have as much of the thread as it has.
    assert.ok(pagesOfMany <= 50 + 3 * 11, `${pagesOfMany} pages`);
    stop.abort();
    await Promise.all(many);
  }),
);

/** Ends the thread instead of giving it a request, so many times. */
function endThread(t: TestContext, times: number): Readonly<{ ended(): number }> {
  const { postMessage } = Worker.prototype;
  let ended = 0;
  t.mock.method(Worker.prototype, 'postMessage', function send(this: Worker, ...args: [unknown]) {
    if (ended >= times) return postMessage.apply(this, args);
    ended += 1;
    void this.terminate();
  });
  return { ended: () => ended };
}

test('followers go on at their place when the thread ends, and so does a search', async (t) => {
  const { subject, end } = await make();
  t.after(end);
  await subject.close('build', id);
  const { ended } = endThread(t, 1);
  const [first, second, found] = await Promise.all([
    numbersOf(subject, id),
    numbersOf(subject, id),
    subject.read('build', id, { text: ' 19999', limit: 10 }),
  ]);
  assert.equal(ended(), 1);
  assert.deepEqual(first, numbers(1, 20_000));
  assert.deepEqual(second, numbers(1, 20_000));
  assert.deepEqual(
    found.map(({ n }) => n),
    [20_000],
  );
});

test('where no thread can run a follower still gets each line once, and a search fails', async (t) => {
  const { subject, end } = await make();
  t.after(end);
  await subject.close('build', id);
  endThread(t, Infinity);
  assert.deepEqual(await numbersOf(subject, id), numbers(1, 20_000));
  await assert.rejects(subject.read('build', id, { text: ' 19999', limit: 10 }), /the log thread ended/);
});

const numbers = (first: number, last: number): number[] =>
  Array.from({ length: last - first + 1 }, (_, i) => first + i);

/** Follows a log to its end and returns the numbers of its lines. */
async function numbersOf(store: LogStore, log: DeploymentId): Promise<number[]> {
  const found: number[] = [];
  for await (const page of store.follow('build', log, { after: 0 }, new AbortController().signal)) {
    assert.ok(page.length < 128 * 1024);
    for (const { n } of lineBounds(page)) found.push(n);
  }
  return found;
}
