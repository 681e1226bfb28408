import { lineBounds, type LogPage } from '@anchor/core/logs/log-page.ts';

const BEFORE = Buffer.from('event: line\ndata: {"type":"line","line":');
const AFTER = Buffer.from('}\n\n');
/** `id: `, up to 15 digits and a newline. */
const ID_BYTES = 20;

/**
 * Returns the lines of a page as server-sent events. Their bytes are copied and not parsed: with many followers of a
 * large log, strings of it would fill the server's heap faster than all else.
 */
export function lineEvents(page: LogPage): Uint8Array {
  const lines = [...lineBounds(page)];
  const events = Buffer.allocUnsafeSlow(page.length + lines.length * (ID_BYTES + BEFORE.length + AFTER.length));
  let at = 0;
  for (const { n, start, end } of lines) {
    at += events.write(`id: ${n}\n`, at, 'latin1');
    events.set(BEFORE, at);
    at += BEFORE.length;
    events.set(page.subarray(start, end), at);
    at += end - start;
    events.set(AFTER, at);
    at += AFTER.length;
  }
  return events.subarray(0, at);
}
