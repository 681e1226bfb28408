import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { makeOutput } from './output.ts';
import { showProgress } from './progress.ts';
import { table } from './table.ts';
import { safeText } from './text.ts';
import { ago, bytes, count, duration } from './units.ts';

test('a build may colour its words and do nothing else to the terminal', () => {
  const hostile =
    '\u001b[31mred\u001b[0m \u001b]0;title\u0007 \u001b]8;;http://evil\u0007link\u001b]8;;\u0007 \u001b[2J\u001b[10;10H \u009b31m \u0007bell\r\bback';
  assert.equal(
    safeText(hostile, true)
      .replaceAll(/\u001b\[[0-9;]*m/g, '')
      .includes('\u001b'),
    false,
  );
  assert.match(safeText(hostile, true), /^\u001b\[31mred\u001b\[0m/);
  assert.equal(safeText('\u001b[31mred', false), 'red');
});

test('no text reaches the terminal with control characters other than tab, line end and colour', () => {
  fc.assert(
    fc.property(
      fc.string({
        unit: fc.constantFrom(
          '\u001b',
          '[',
          ']',
          '3',
          '1',
          ';',
          'm',
          'H',
          'J',
          '\u0007',
          '\u009b',
          '\r',
          '\n',
          '\t',
          '\\',
          'a',
          '\u0000',
          '\u0090',
          '\u009c',
          'P',
        ),
        maxLength: 40,
      }),
      fc.boolean(),
      (text, colours) => {
        const left = safeText(text, colours).replaceAll(/\u001b\[[0-9;]*m/g, '');
        assert.doesNotMatch(left, /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/);
      },
    ),
    { numRuns: 2000 },
  );
});

test('times and sizes are in common units', () => {
  assert.deepEqual([0, 340, 8_210, 59_949, 59_950, 75_300, 3_725_000].map(duration), [
    '0.0 s',
    '0.3 s',
    '8.2 s',
    '59.9 s',
    '1 min 0 s',
    '1 min 15 s',
    '1 h 2 min',
  ]);
  const now = 1_800_000_000_000;
  assert.deepEqual(
    [0, 5 * 60e3, 3 * 3600e3, 25 * 3600e3, 50 * 3600e3].map((back) => ago(now - back, now)),
    ['just now', '5 min ago', '3 h ago', '1 day ago', '2 days ago'],
  );
  assert.deepEqual([12, 1536, 5 * 1024 ** 3].map(bytes), ['12 B', '1.5 KiB', '5.0 GiB']);
  assert.deepEqual([count(1, 'file'), count(2000, 'file')], ['1 file', '2,000 files']);
});

test('columns line up, colours notwithstanding', () => {
  assert.deepEqual(
    table(
      ['name', 'state'],
      [
        ['a', '\u001b[32mok\u001b[39m'],
        ['longer', 'failed'],
      ],
    ),
    ['NAME    STATE', 'a       \u001b[32mok\u001b[39m', 'longer  failed'],
  );
});

test('a failed step is crossed out, and the failure is left to the outcome', () => {
  const lines: string[] = [];
  const stream = { write: (text: string) => lines.push(text) } as unknown as NodeJS.WritableStream;
  const progress = showProgress(makeOutput({ stdout: stream, stderr: stream }, { json: false, plain: true, ci: true }));
  const line = (text: string, step: string, level: 'info' | 'error' = 'info') =>
    progress.line({ n: 1, at: 1, level, text, step });
  line('▸ build', 'build');
  line('✗ build 2.5 s', 'build');
  line('The build failed: DATABASE_URL is not set', 'failure', 'error');
  line('fix: Run `anchor env set DATABASE_URL`', 'failure', 'error');
  progress.end();
  assert.deepEqual(lines, ['▸ build\n', '✗ build 2.5 s\n']);
});
