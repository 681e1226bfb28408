import type { IncomingHttpHeaders } from 'node:http';
import type { RequestHead, RequestSocket } from '../transport.ts';
import { forEachHeader, HEADER_BLOCK } from '../header-block.ts';
import type { RequestBody } from './request-body.ts';

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;
export type Method = (typeof METHODS)[number];
export const isMethod = (name: string): name is Method => METHODS.some((method) => method === name);

/**
 * The head of a request that the edge read by itself: HTTP/1.1, one Host, no body or one of a known length. The same
 * shape as node:http's. `body` once it has come in whole. `text`: all of it, where it came by itself, has no body and
 * is short.
 */
export type Head = RequestHead &
  Readonly<{ method: Method; url: string; keepAlive: boolean; bodyBytes: number; body?: RequestBody; text?: string }>;

export type HeadLimits = Readonly<{
  maxHeaderBytes: number;
  maxHeaders: number;
  bodies: Readonly<{ largest: number }>;
}>;

type Fields = Readonly<{ headers: IncomingHttpHeaders; raw: string[]; keepAlive: boolean }>;

const TARGET = /^\/[\x21\x22\x24-\x7e]*$/;
/** The start of a line whose rest has not been received. */
const TAIL = /^[\t\x20-\x7e\x80-\xff]*\r?$/;
/** Methods without a body, and those that need not declare that there is none. */
const NO_BODY: ReadonlySet<Method> = new Set(['GET', 'HEAD']);
const MAY_HAVE_BODY: ReadonlySet<Method> = new Set(['DELETE', 'OPTIONS']);
const LENGTH = /^(?:0|[1-9]\d{0,8})$/;
/** Headers of a request that is not plain, or that concern the connection, which node:http handles better. */
const FALLBACK_HEADERS = new Set([
  'transfer-encoding',
  'upgrade',
  'expect',
  'trailer',
  'proxy-connection',
  'set-cookie',
]);
/** A head that comes in more pieces than this is left to node:http, with its timers: looking again at each costs. */
const MAX_PIECES = 8;
/** The size of the last request that an idle connection remembers. */
const MAX_REMEMBERED = 4096;

/**
 * Reads request heads out of one connection's bytes (latin1: one character a byte). Takes only what every HTTP server
 * reads in the same way; all else, at any doubt, is 'odd' and belongs to node:http.
 */
export class HeadReader {
  /** How many characters the head that was read last took. */
  length = 0;
  readonly #limits: HeadLimits;
  readonly #socket: RequestSocket;
  #pieces = 0;
  #text = '';
  #head: Head | undefined;
  #block = '';
  #fields: Fields | undefined;

  constructor(limits: HeadLimits, socket: RequestSocket) {
    this.#limits = limits;
    this.#socket = socket;
  }

  /** Parses the first head of `text`; returns 'more' while it is incomplete. Never throws. */
  read(text: string): Head | 'more' | 'fallback' {
    // A client that repeats a request mostly sends identical bytes.
    if (this.#head !== undefined && text === this.#text) {
      this.length = text.length;
      return this.#head;
    }
    const end = text.indexOf('\r\n\r\n');
    if (end === -1) return this.#unfinished(text);
    this.#pieces = 0;
    this.length = end + 4;
    if (this.length >= this.#limits.maxHeaderBytes) return 'fallback';
    // A piece of a text keeps all of the text: also a body that follows, for as long as a name or value is used.
    const own = text.length <= MAX_REMEMBERED ? text : copyOf(text.slice(0, this.length));
    const lineEnd = own.indexOf('\r\n');
    const line = requestLine(own.slice(0, lineEnd));
    if (line === undefined || lineEnd === end) return 'fallback';
    const fields = this.#read(own.slice(lineEnd + 2, end + 2), text.length <= MAX_REMEMBERED);
    const bodyBytes =
      fields === undefined
        ? undefined
        : bodyBytesOf(line.method, fields.headers['content-length'], this.#limits.bodies.largest);
    if (fields === undefined || bodyBytes === undefined) return 'fallback';
    const alone = this.length === text.length && text.length <= MAX_REMEMBERED;
    const head: Head = {
      method: line.method,
      url: line.url,
      httpVersionMajor: 1,
      httpVersionMinor: 1,
      headers: fields.headers,
      rawHeaders: fields.raw,
      keepAlive: fields.keepAlive,
      bodyBytes,
      complete: true,
      socket: this.#socket,
      ...(alone && bodyBytes === 0 ? { text } : {}),
    };
    if (alone) {
      this.#text = text;
      this.#head = head;
    }
    return head;
  }

  #read(block: string, remember: boolean): Fields | undefined {
    if (this.#fields !== undefined && block === this.#block) return this.#fields;
    const fields = HEADER_BLOCK.test(block) ? readFields(block, this.#limits.maxHeaders) : undefined;
    if (fields === undefined || !remember) return fields;
    this.#block = block;
    this.#fields = fields;
    return fields;
  }

  #unfinished(text: string): 'more' | 'fallback' {
    if (text.length >= this.#limits.maxHeaderBytes || ++this.#pieces > MAX_PIECES) return 'fallback';
    const lines = text.lastIndexOf('\r\n');
    if (lines === -1)
      return STARTS.some((start) => text.startsWith(start) || start.startsWith(text)) && TAIL.test(text)
        ? 'more'
        : 'fallback';
    const first = text.indexOf('\r\n');
    if (requestLine(text.slice(0, first)) === undefined) return 'fallback';
    if (lines > first && !HEADER_BLOCK.test(text.slice(first + 2, lines + 2))) return 'fallback';
    return TAIL.test(text.slice(lines + 2)) ? 'more' : 'fallback';
  }
}

const STARTS = METHODS.map((method) => `${method} /`);

function requestLine(line: string): Readonly<{ method: Method; url: string }> | undefined {
  if (!line.endsWith(' HTTP/1.1')) return undefined;
  const method = METHODS.find((name) => line.startsWith(name) && line.charCodeAt(name.length) === 0x20);
  if (method === undefined) return undefined;
  const url = line.slice(method.length + 1, -9);
  return TARGET.test(url) ? { method, url } : undefined;
}

/** Returns undefined when the body is not for this reader. */
function bodyBytesOf(method: Method, declared: string | undefined, largest: number): number | undefined {
  if (declared === undefined) return NO_BODY.has(method) || MAY_HAVE_BODY.has(method) ? 0 : undefined;
  if (NO_BODY.has(method) || !LENGTH.test(declared)) return undefined;
  const length = Number(declared);
  return length <= largest ? length : undefined;
}

const copyOf = (text: string): string => Buffer.from(text, 'latin1').toString('latin1');

/** Returns undefined when a field is invalid or a duplicate. `block` holds valid lines. */
function readFields(block: string, max: number): Fields | undefined {
  const headers: Record<string, string> = Object.create(null);
  const raw: string[] = [];
  const plain = forEachHeader(block, (name, value) => {
    const key = name.toLowerCase();
    if (FALLBACK_HEADERS.has(key) || headers[key] !== undefined) return false;
    headers[key] = value;
    raw.push(name, value);
    return true;
  });
  if (!plain) return undefined;
  if (headers['host'] === undefined || raw.length > max * 2) return undefined;
  const connection = headers['connection']?.toLowerCase() ?? 'keep-alive';
  if (connection !== 'keep-alive' && connection !== 'close') return undefined;
  return { headers, raw, keepAlive: connection !== 'close' };
}
