/** One server-sent event. */
export type ServerEvent = Readonly<{ id?: string; event: string; data: string; retry?: number }>;

/** Parses `text/event-stream` as the HTML standard says: CR, LF and CRLF end lines; a blank line ends an event; `:` is a comment. */
export async function* readEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<ServerEvent> {
  const decoder = new TextDecoder();
  const reader = body.getReader();
  let rest = '';
  let event = blank();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return; // an event without its blank line is incomplete and dropped
      rest += decoder.decode(value, { stream: true });
      // a CR at the very end may be half of a CRLF: wait for the next chunk
      const end = rest.endsWith('\r') ? rest.length - 1 : rest.length;
      const lines = rest.slice(0, end).split(/\r\n|\r|\n/);
      rest = (lines.pop() ?? '') + rest.slice(end);
      for (const line of lines) {
        if (line !== '') { take(event, line); continue; }
        if (event.data.length > 0) yield finish(event);
        event = blank();
      }
    }
  } finally {
    await reader.cancel().catch(() => undefined); // the connection may be gone already
  }
}

type Building = { id?: string; event?: string; data: string[]; retry?: number };
const blank = (): Building => ({ data: [] });

function take(event: Building, line: string): void {
  const colon = line.indexOf(':');
  if (colon === 0) return;
  const field = colon === -1 ? line : line.slice(0, colon);
  const value = colon === -1 ? '' : line.slice(colon + (line[colon + 1] === ' ' ? 2 : 1));
  if (field === 'data') event.data.push(value);
  else if (field === 'event') event.event = value;
  else if (field === 'id' && !value.includes('\0')) event.id = value;
  else if (field === 'retry' && /^\d+$/.test(value)) event.retry = Number(value);
}

const finish = (event: Building): ServerEvent => ({
  event: event.event ?? 'message', data: event.data.join('\n'),
  ...(event.id === undefined ? {} : { id: event.id }), ...(event.retry === undefined ? {} : { retry: event.retry }),
});
