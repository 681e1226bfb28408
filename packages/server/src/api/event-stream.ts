import type { EncodedEvents, Sent } from './handler.ts';

type Event = Sent<{ type: string }> | EncodedEvents;

const encoder = new TextEncoder();

/**
 * Streams an async iterable as server-sent events, pulled only as fast as the caller reads. A comment is sent whenever
 * `heartbeatMs` pass in silence, so that proxies and clients notice a dead connection. `ended` is called once it is
 * over, however it ends.
 */
export function eventStream(
  events: AsyncIterable<Event>,
  heartbeatMs: number,
  ended: () => void = () => undefined,
): ReadableStream<Uint8Array> {
  const iterator = events[Symbol.asyncIterator]();
  let pending: Promise<IteratorResult<Event>> | undefined;
  return new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(encoder.encode('retry: 1000\n\n')),
    async pull(controller) {
      pending ??= iterator.next();
      let timer: ReturnType<typeof setTimeout> | undefined;
      const quiet = new Promise<'quiet'>((resolve) => {
        timer = setTimeout(() => resolve('quiet'), heartbeatMs);
      });
      const next = await Promise.race([pending, quiet])
        .finally(() => clearTimeout(timer))
        .catch((error: unknown) => {
          ended();
          throw error;
        });
      if (next === 'quiet') return controller.enqueue(encoder.encode(': still here\n\n'));
      pending = undefined;
      if (next.done === true) {
        ended();
        return controller.close();
      }
      controller.enqueue('encoded' in next.value ? next.value.encoded : encoder.encode(eventText(next.value)));
    },
    async cancel() {
      ended();
      await iterator.return?.();
    },
  });
}

const eventText = ({ id, data }: Sent<{ type: string }>): string =>
  `${id === undefined ? '' : `id: ${id}\n`}event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`;
