import type { Sent } from './handler.ts';

const encoder = new TextEncoder();

/**
 * Server-sent events of an async iterable, pulled only as fast as the caller reads. A comment is sent whenever
 * `heartbeatMs` pass in silence, so that proxies and clients notice a dead connection.
 */
export function eventStream(events: AsyncIterable<Sent<{ type: string }>>, heartbeatMs: number): ReadableStream<Uint8Array> {
  const iterator = events[Symbol.asyncIterator]();
  let pending: Promise<IteratorResult<Sent<{ type: string }>>> | undefined;
  return new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(encoder.encode('retry: 1000\n\n')),
    async pull(controller) {
      pending ??= iterator.next();
      let timer: ReturnType<typeof setTimeout> | undefined;
      const quiet = new Promise<'quiet'>((resolve) => { timer = setTimeout(() => resolve('quiet'), heartbeatMs); });
      const next = await Promise.race([pending, quiet]).finally(() => clearTimeout(timer));
      if (next === 'quiet') return controller.enqueue(encoder.encode(': still here\n\n'));
      pending = undefined;
      if (next.done === true) return controller.close();
      controller.enqueue(encoder.encode(eventText(next.value)));
    },
    async cancel() {
      await iterator.return?.();
    },
  });
}

const eventText = ({ id, data }: Sent<{ type: string }>): string => `${id === undefined ? '' : `id: ${id}\n`}event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`;
