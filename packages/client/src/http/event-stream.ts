import { EventSourceParserStream } from 'eventsource-parser/stream';

/** One server-sent event. */
export type ServerEvent = Readonly<{ id: string | undefined; event: string; data: string }>;

/** Reads `text/event-stream`. An event without its blank line is incomplete and dropped. */
export async function* readEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<ServerEvent> {
  const decoder = new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>;
  const reader = body.pipeThrough(decoder).pipeThrough(new EventSourceParserStream()).getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const { id, event = 'message', data } = value;
      yield { id, event, data };
    }
  } finally {
    await reader.cancel().catch(() => undefined); // the connection may be gone already
  }
}
