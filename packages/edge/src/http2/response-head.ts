import { isHopByHop, isInternalResponseHeader } from '../http/headers.ts';
import { httpDate } from '../http1/own/date.ts';
import { maxFieldBytes, writeField, writeStatus } from './hpack/encoder.ts';

const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
/** Do not exist in HTTP/2 (RFC 9113, 8.2.2). */
const CONNECTION_HEADERS = new Set(['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade']);
const STATUS_BYTES = 16;

let scratch = Buffer.allocUnsafeSlow(16 * 1024);

/**
 * Encodes the head of a response. `headers` are flat: name, value, name, value. Throws for what cannot be written, as
 * node:http does.
 */
export function encodeHead(status: number, headers: readonly string[], extra: ExtraHeader | undefined): Buffer {
  if (!Number.isInteger(status) || status < 200 || status > 999) throw new RangeError(`${status} is no final status.`);
  const all = headers.slice();
  if (extra !== undefined && !hasHeader(headers, extra.key)) all.push(extra.key, extra.value);
  if (!hasHeader(headers, 'date')) all.push('date', httpDate());
  return encode(status, all, isPassedOn);
}

/** A header that each head gets which has none of its name. */
export type ExtraHeader = Readonly<{ key: string; value: string }>;

/** Returns whether a flat list has a header; `key` is in lower case. */
export const hasHeader = (headers: readonly string[], key: string): boolean =>
  headers.some((name, i) => i % 2 === 0 && name.length === key.length && name.toLowerCase() === key);

/** Encodes the head of an interim response (1xx), without what may not be in one. */
export function encodeInterim(status: number, headers: readonly string[]): Buffer {
  return encode(
    status,
    headers,
    (name) => name !== 'content-length' && !isHopByHop(name) && !isInternalResponseHeader(name),
  );
}

/** Encodes trailers. Those that cannot be written are left out. */
export function encodeTrailers(trailers: readonly (readonly [name: string, value: string])[]): Buffer {
  const writable = trailers.filter(([name, value]) => NAME.test(name) && VALUE.test(value));
  return encode(undefined, writable.flat(), (name) => !isHopByHop(name) && name !== 'content-length');
}

const isPassedOn = (name: string): boolean => !CONNECTION_HEADERS.has(name);

function encode(status: number | undefined, headers: readonly string[], accepts: (name: string) => boolean): Buffer {
  let longest = STATUS_BYTES;
  for (let i = 0; i < headers.length; i += 2) longest += maxFieldBytes(headers[i] ?? '', headers[i + 1] ?? '');
  if (longest > scratch.length) scratch = Buffer.allocUnsafeSlow(longest);
  let at = status === undefined ? 0 : writeStatus(scratch, 0, status);
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? '';
    const value = headers[i + 1] ?? '';
    if (!NAME.test(name) || !VALUE.test(value)) throw new TypeError(`The header "${name}" cannot be written.`);
    const key = name.toLowerCase();
    if (accepts(key)) at = writeField(scratch, at, key, value.trim());
  }
  return Buffer.from(scratch.subarray(0, at));
}
