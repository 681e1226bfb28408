import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readEvents } from '@anchor/client/http/event-stream.ts';
import { encodePage, linesOf } from '@anchor/core/logs/log-page.ts';
import { LOG_LEVELS } from '@anchor/core/logs/log-line.ts';
import { lineEvents } from './line-events.ts';

const line = fc.record(
  {
    n: fc.nat(999_999_999_999_999),
    at: fc.nat(),
    level: fc.constantFrom(...LOG_LEVELS),
    text: fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('\n\n', 'id: 1\ndata: x', '{"n":7}', '\r', '\u2028', ''),
    ),
  },
  { noNullPrototype: true },
);

test('whatever a line holds, a client gets exactly the lines of a page, each with its number as id', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(line), async (lines) => {
      const page = encodePage(lines);
      assert.deepEqual([...linesOf(page)], lines);
      const events = [];
      for await (const { id, data } of readEvents(new Blob([new Uint8Array(lineEvents(page))]).stream()))
        events.push({ id, data: JSON.parse(data) as unknown });
      assert.deepEqual(
        events,
        lines.map((one) => ({ id: String(one.n), data: { type: 'line', line: one } })),
      );
    }),
  );
});
