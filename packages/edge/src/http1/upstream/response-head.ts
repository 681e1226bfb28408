import type { UpstreamHead } from './transport.ts';
import { forEachHeader, HEADER_BLOCK } from '../header-block.ts';

/** How the end of a body is determined. */
export type BodyFraming = Readonly<
  { kind: 'none' } | { kind: 'length'; length: number } | { kind: 'chunked' } | { kind: 'close' }
>;

/** The head of a function's response, as the edge's own client parses it. */
export type ResponseHead = UpstreamHead &
  Readonly<{
    framing: BodyFraming;
    /** How long the connection may be reused, in milliseconds; 0: not at all. */
    keepMs: number;
    /** Bytes of the head. */
    length: number;
  }>;

/** Frameworks write long Link and Set-Cookie headers; more than Node's own 16 KB. */
export const MAX_RESPONSE_HEAD = 128 * 1024;
const MAX_FIELDS = 2000;
const STATUS_LINE = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: ([\t\x20-\x7e\x80-\xff]*))?$/;
const NO_BODY: BodyFraming = { kind: 'none' };
/** The default of a server that does not declare how long it waits for the next request. */
const KEEP_MS = 4_000;

/**
 * Parses the head at the start of `text` (latin1). A project's own code wrote it, so only forms that every reader
 * understands alike are accepted, above all where the body ends. Returns 'more' while the head is incomplete, and a
 * string with the reason when it is invalid.
 */
export function parseResponseHead(text: string, method: string): ResponseHead | 'more' | Readonly<{ error: string }> {
  const end = text.indexOf('\r\n\r\n');
  if (end === -1 ? text.length >= MAX_RESPONSE_HEAD : end >= MAX_RESPONSE_HEAD)
    return { error: 'the head of its response is too large' };
  if (end === -1) return 'HTTP/1.'.startsWith(text.slice(0, 7)) ? 'more' : { error: 'its response is not HTTP' };
  const lineEnd = text.indexOf('\r\n');
  const line = STATUS_LINE.exec(text.slice(0, lineEnd));
  if (line === null) return { error: 'its response is not HTTP' };
  const block = text.slice(lineEnd + 2, end + 2);
  if (!HEADER_BLOCK.test(block)) return { error: 'its response has a malformed header' };
  const fields = readFields(block);
  if (fields.raw.length > MAX_FIELDS * 2) return { error: 'its response has too many headers' };
  const http11 = line[1] === '1';
  const error = framingError(fields, http11);
  if (error !== undefined) return { error };
  const status = Number(line[2]);
  const framing = framingOf(fields, method === 'HEAD' || status < 200 || status === 204 || status === 304);
  const { raw, connection, keepAlive } = fields;
  const reusable =
    http11 && framing.kind !== 'close' && (connection === undefined || connection.toLowerCase() === 'keep-alive');
  return {
    status,
    reason: line[3] ?? '',
    raw,
    connection,
    chunked: framing.kind === 'chunked',
    framing,
    keepMs: reusable ? keepMs(keepAlive) : 0,
    length: end + 4,
  };
}

/** The headers, flat, and the values of those that frame the body or concern the connection. */
type Fields = {
  readonly raw: string[];
  connection: string | undefined;
  keepAlive: string;
  contentLengths: number;
  contentLength: string;
  transferEncodings: number;
  transferEncoding: string;
};

function readFields(block: string): Fields {
  const fields: Fields = {
    raw: [],
    connection: undefined,
    keepAlive: '',
    contentLengths: 0,
    contentLength: '',
    transferEncodings: 0,
    transferEncoding: '',
  };
  forEachHeader(block, (name, value) => {
    fields.raw.push(name, value);
    const { length } = name;
    if (length === 10 || length === 14 || length === 17) addField(fields, name.toLowerCase(), value);
    return true;
  });
  return fields;
}

function addField(fields: Fields, key: string, value: string): void {
  switch (key) {
    case 'connection':
      fields.connection = fields.connection === undefined ? value : `${fields.connection}, ${value}`;
      break;
    case 'keep-alive':
      fields.keepAlive = value;
      break;
    case 'content-length':
      fields.contentLengths++;
      fields.contentLength = value;
      break;
    case 'transfer-encoding':
      fields.transferEncodings++;
      fields.transferEncoding = value;
  }
}

/** Returns why the end of the body is ambiguous; undefined when it is not. */
function framingError(
  { contentLengths, contentLength, transferEncodings, transferEncoding }: Fields,
  http11: boolean,
): string | undefined {
  if (contentLengths > 1 || (contentLengths === 1 && !/^\d{1,15}$/.test(contentLength)))
    return 'the length of its response is ambiguous';
  const single = transferEncodings === 1 && transferEncoding.toLowerCase() === 'chunked';
  if (transferEncodings > 0 && (!single || contentLengths > 0 || !http11))
    return 'the end of its response is ambiguous';
  return undefined;
}

function framingOf({ contentLengths, contentLength, transferEncodings }: Fields, bodiless: boolean): BodyFraming {
  if (bodiless) return NO_BODY;
  if (transferEncodings === 1) return { kind: 'chunked' };
  return contentLengths === 1 ? { kind: 'length', length: Number(contentLength) } : { kind: 'close' };
}

/**
 * Returns a time one second shorter than the other side's, so that it does not close a connection that is being written
 * to.
 */
function keepMs(keepAlive: string): number {
  const seconds = /(?:^|[,\s])timeout=(\d{1,6})/i.exec(keepAlive)?.[1];
  return seconds === undefined ? KEEP_MS : Math.max(0, Number(seconds) * 1000 - 1000);
}
