import { test } from 'node:test';
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { readEvents, type ServerEvent } from './event-stream.ts';

const streamOf = (chunks: readonly Uint8Array[]) =>
  new ReadableStream<Uint8Array>({
    start: (controller) => {
      for (const chunk of chunks) controller.enqueue(chunk);
      controller.close();
    },
  });
const all = async (chunks: readonly Uint8Array[]): Promise<ServerEvent[]> => {
  const events: ServerEvent[] = [];
  for await (const event of readEvents(streamOf(chunks))) events.push(event);
  return events;
};
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

test('events are the same however their bytes are cut, with any line ending, in any script', async () => {
  const event = fc.record({
    id: fc.string({ maxLength: 8 }).filter((id) => !/[\r\n\0]/.test(id)),
    data: fc.array(
      fc.string({ unit: 'grapheme' }).filter((line) => !/[\r\n]/.test(line)),
      { minLength: 1, maxLength: 3 },
    ),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(event, { maxLength: 5 }),
      fc.constantFrom('\n', '\r\n', '\r'),
      fc.array(fc.nat({ max: 200 })),
      async (events, newline, cuts) => {
        const whole = bytes(
          events
            .map(({ id, data }) =>
              [`id: ${id}`, ...data.map((line) => `data: ${line}`), ': comment', '', ''].join(newline),
            )
            .join('') + newline,
        );
        const offsets = [...new Set([0, ...cuts.map((cut) => cut % (whole.length + 1)), whole.length])].sort(
          (a, b) => a - b,
        );
        const chunks = offsets.slice(1).map((end, i) => whole.slice(offsets[i], end));
        const read = await all(chunks);
        assert.deepEqual(
          read.map(({ id, data }) => ({ id, data })),
          events.map(({ id, data }) => ({ id, data: data.join('\n') })),
        );
      },
    ),
  );
});

test('an event without its blank line is not given out', async () => {
  assert.deepEqual(await all([bytes('data: whole\n\ndata: half\n')]), [
    { id: undefined, event: 'message', data: 'whole' },
  ]);
});

test('arbitrary bytes never throw', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.uint8Array(), { maxLength: 5 }), async (chunks) => {
      await all(chunks);
    }),
  );
});
