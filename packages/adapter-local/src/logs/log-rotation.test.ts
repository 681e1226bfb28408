import assert from 'node:assert/strict';
import { renameSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { encodePage, linesOf } from '@anchor/core/logs/log-page.ts';
import { using } from '@anchor/testing/harness.ts';
import { temporaryDirectory } from '@anchor/testing/temporary.ts';
import type { LogFiles } from './log-files.ts';
import { readLog } from './log-reader.ts';
import { readPage, type LogPosition } from './page-reader.ts';

const lines = (from: number, to: number): Uint8Array =>
  encodePage(
    Array.from({ length: to - from + 1 }, (_, i) => ({ n: from + i, at: 0, level: 'info', text: `line ${from + i}` })),
  );
const make = async () => {
  const { path, remove } = await temporaryDirectory();
  const at = (name: string): string => join(path, name);
  const files: LogFiles = {
    directory: path,
    current: at('a.jsonl'),
    previous: at('a.1.jsonl'),
    closed: at('a.closed'),
  };
  await writeFile(at('next'), lines(7, 8));
  return {
    files,
    /** What an appender does that has written lines 7 and 8 after a rotation. */
    rotate: () => {
      renameSync(files.current, files.previous);
      renameSync(at('next'), files.current);
    },
    end: remove,
  };
};

/** Reads the pages behind a position, and returns the numbers of their lines and the last position. */
async function numbersBehind(
  files: LogFiles,
  filter: Parameters<typeof readPage>[1],
  start: LogPosition,
): Promise<Readonly<{ numbers: readonly number[]; position: LogPosition }>> {
  const numbers: number[] = [];
  let position = start;
  // As often as a follower looks: once more after a notice of the rotation.
  for (let look = 0, more = true; more || look < 2; look++) {
    const read = await readPage(files, filter, position);
    numbers.push(...[...linesOf(read.page)].map(({ n }) => n));
    ({ position, more } = read);
  }
  return { numbers, position };
}

test(
  'a rotation between the looks at the two files skips no line',
  using(make, async ({ files, rotate }) => {
    await writeFile(files.previous, lines(1, 2));
    await writeFile(files.current, lines(3, 6));
    let reads = 0;
    const filter = {
      get level() {
        if (++reads === 1) rotate();
        return undefined as never;
      },
    };
    assert.deepEqual((await numbersBehind(files, filter, { n: 2 })).numbers, [3, 4, 5, 6, 7, 8]);
  }),
);

test(
  'a rotation between two steps of a look at the newest file skips no line',
  using(make, async ({ files, rotate }) => {
    await writeFile(files.current, lines(1, 4));
    const { position } = await numbersBehind(files, {}, { n: 0 });
    await writeFile(files.current, lines(5, 6), { flag: 'a' });
    let looks = 0;
    const rotating: LogFiles = {
      ...files,
      get current() {
        if (++looks === 2) rotate();
        return files.current;
      },
    };
    assert.deepEqual((await numbersBehind(rotating, {}, position)).numbers, [5, 6, 7, 8]);
  }),
);

test(
  'a rotation while lines behind a number are read skips none of them',
  using(make, async ({ files, rotate }) => {
    await writeFile(files.previous, lines(1, 2));
    await writeFile(files.current, lines(3, 6));
    let matched = 0;
    const filter = {
      after: 0,
      get requestId() {
        if (++matched === 2) rotate();
        return undefined as never;
      },
    };
    const found = await readLog(files, filter);
    assert.deepEqual(
      found.map(({ n }) => n),
      [1, 2, 3, 4, 5, 6],
    );
  }),
);
