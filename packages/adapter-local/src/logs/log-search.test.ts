import assert from 'node:assert/strict';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { LogLine } from '@anchor/core/logs/log-line.ts';
import { newId } from '@anchor/core/names/id.ts';
import { using } from '@anchor/testing/harness.ts';
import { temporaryDirectory } from '@anchor/testing/temporary.ts';
import { logFiles } from './log-files.ts';
import { LogSearch } from './log-search.ts';
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
    const search = new LogSearch();
    const files = logFiles(directory, 'build', id);
    // A directory cannot be read as a log.
    const broken = search.search({ ...files, current: directory }, { text: 'x', limit: 1 });
    const fine = search.search(files, { text: ' 5', limit: 1 });
    await assert.rejects(broken, /EISDIR/);
    assert.equal((await fine).length, 1);
    await rm(join(directory, 'build'), { recursive: true });
    assert.deepEqual(await subject.read('build', id, { text: 'x', limit: 1 }), []);
  }),
);
