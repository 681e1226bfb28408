import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { encodeLine } from '@anchor/core/logs/line-json.ts';
import { LOG_LEVELS, type LogLine } from '@anchor/core/logs/log-line.ts';
import { matches } from '@anchor/core/logs/matches.ts';
import { newId } from '@anchor/core/names/id.ts';
import { using } from '@anchor/testing/harness.ts';
import { temporaryDirectory } from '@anchor/testing/temporary.ts';
import { logFiles } from './log-files.ts';
import { readLog } from './log-reader.ts';
import { scanFor } from './log-scan.ts';
import { openLogStore } from './log-store.ts';

const id = newId('dpl', Date.UTC(2030, 0, 1));
const make = async () => {
  const directory = await temporaryDirectory();
  const files = logFiles(directory.path, 'build', id);
  return { subject: openLogStore(directory.path), files, end: directory.remove };
};
const lines = (count: number): Omit<LogLine, 'n'>[] =>
  Array.from({ length: count }, (_, i) => ({ at: i, level: 'info', text: 'x'.repeat(200) }));

test(
  'however many searches run, one turn of their event loop parses a hundred lines at most',
  using(make, async ({ subject, files }) => {
    await subject.append('build', id, lines(5_000));
    let inTurn = 0;
    let most = 0;
    let over = false;
    const turn = (): void => {
      most = Math.max(most, inTurn);
      inTurn = 0;
      if (!over) setImmediate(turn);
    };
    setImmediate(turn);
    await countingParses(
      () => {
        inTurn += 1;
      },
      async () => {
        // Every piece of the file has this word, so every line is parsed.
        const found = await Promise.all(
          Array.from({ length: 8 }, (_, i) =>
            readLog(files, i % 2 === 0 ? { text: 'level', limit: 10 } : { text: 'level', after: 0 }),
          ),
        );
        assert.deepEqual(found.flat(), []);
      },
    );
    over = true;
    assert.ok(most > 0 && most <= 100, `${most} lines in one turn`);
  }),
);

test(
  'a short read does not wait for the end of long ones',
  using(make, async ({ subject }) => {
    await subject.append('build', id, lines(10_000));
    await subject.append('run', id, lines(10));
    const ended: string[] = [];
    const long = Array.from({ length: 4 }, () =>
      subject.read('build', id, { text: 'level', limit: 10 }).then(() => ended.push('long')),
    );
    await Promise.all([...long, subject.read('run', id, { limit: 5 }).then(() => ended.push('short'))]);
    assert.equal(ended[0], 'short');
  }),
);

test(
  'a search without a match parses no line',
  using(make, async ({ subject, files }) => {
    await subject.append('build', id, lines(2_000));
    let parsed = 0;
    await countingParses(
      () => {
        parsed += 1;
      },
      async () => {
        for (const filter of [{ text: 'Nowhere to be found' }, { level: 'error' }, { requestId: 'r1' }] as const) {
          assert.deepEqual(await readLog(files, { ...filter, limit: 10 }), []);
          assert.deepEqual(await readLog(files, { ...filter, after: 0 }), []);
        }
      },
    );
    assert.ok(parsed < 10, `${parsed} lines were parsed`);
  }),
);

test('no line that matches is skipped, whatever is in it', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string(),
    fc.constantFrom(
      '"',
      '\\',
      '\\"',
      '\n',
      '\u001b[31m',
      'İK',
      'ΑΣ',
      '\ud800',
      '"level":"error"',
      '\u2028',
      '\0',
      '\x7f',
    ),
  );
  const line = fc.record({
    n: fc.nat(),
    at: fc.nat(),
    level: fc.constantFrom(...LOG_LEVELS),
    text: fc.array(text).map((parts) => parts.join('')),
  });
  const ofRequest = fc
    .tuple(line, fc.option(fc.string({ minLength: 1 }), { nil: undefined }))
    .map(([one, requestId]): LogLine => (requestId === undefined ? one : { ...one, requestId }));
  fc.assert(
    fc.property(
      ofRequest,
      fc.nat(),
      fc.nat(20),
      fc.constantFrom(undefined, ...LOG_LEVELS),
      fc.boolean(),
      fc.boolean(),
      (one, from, length, level, upper, byRequest) => {
        const start = one.text.length === 0 ? 0 : from % one.text.length;
        const part = one.text.slice(start, start + length);
        const filter = {
          text: upper ? part.toUpperCase() : part,
          ...(level === undefined ? {} : { level }),
          ...(byRequest && one.requestId !== undefined ? { requestId: one.requestId } : {}),
        };
        if (matches(one, filter))
          assert.ok(
            scanFor(filter).mayMatch(
              Buffer.from(encodeLine({ n: 0, at: 0, level: 'debug', text: 'other' }) + encodeLine(one)),
            ),
          );
      },
    ),
    { numRuns: 500 },
  );
});

async function countingParses(count: () => void, run: () => Promise<void>): Promise<void> {
  const { parse } = JSON;
  JSON.parse = (...args) => {
    count();
    return parse(...args);
  };
  try {
    await run();
  } finally {
    JSON.parse = parse;
  }
}
