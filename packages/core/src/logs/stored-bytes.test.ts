import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { newId } from '../names/id.ts';
import { BuildLog } from './build-log.ts';
import type { LogLine } from './log-line.ts';
import { storedBytes } from './stored-bytes.ts';

const inJson = (text: string): number => new TextEncoder().encode(JSON.stringify(text)).length;

test('a text never takes more bytes in a log than are counted', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => storedBytes(text) >= inJson(text)));
  for (const text of ['\u0001', '\n\t', '"\\', 'ä', '€', '😀', '\ud800', '\u007f'])
    assert.ok(storedBytes(text.repeat(1_000)) >= inJson(text.repeat(1_000)), JSON.stringify(text));
});

for (const [what, line] of [
  ['control characters', '\u0001'.repeat(1_000)],
  ['empty lines', ''],
  ['letters of three bytes', '€'.repeat(1_000)],
  ['quotes', '"'.repeat(1_000)],
] as const) {
  test(`a build that prints ${what} without end leaves a log of 20 MB at most`, async () => {
    let stored = 0;
    const logs = {
      append: async (_kind: string, _id: string, lines: readonly Omit<LogLine, 'n'>[]) =>
        void (stored += lines.reduce((sum, { text }) => sum + inJson(text) + 75, 0)),
    };
    const log = new BuildLog({ logs: logs as never, clock: { now: () => 1 } }, newId('dpl', 1), []);
    const chunk = `${line}\n`.repeat(Math.ceil(64_000 / (line.length + 1)));
    for (let printed = 0; printed < 30 << 20; printed += chunk.length) log.output(chunk, 'info', 'build');
    await log.flush();
    assert.ok(stored <= 20.5 * 2 ** 20, `${(stored / 2 ** 20).toFixed(1)} MB`);
    assert.ok(stored > 2 ** 20);
  });
}
