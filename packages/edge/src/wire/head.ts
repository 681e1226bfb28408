import type { IncomingHttpHeaders } from 'node:http';
import type { RequestHead, RequestSocket } from '../exchange.ts';
import { eachField, LINES } from './fields.ts';

/** The head of a request that the edge read by itself: GET or HEAD, HTTP/1.1, one Host, no body. The same shape as node:http's. */
export type Head = RequestHead & Readonly<{ method: 'GET' | 'HEAD'; url: string; keepAlive: boolean }>;

export type HeadLimits = Readonly<{ maxHeaderBytes: number; maxHeaders: number }>;

type Fields = Readonly<{ headers: IncomingHttpHeaders; raw: string[]; keepAlive: boolean }>;

const TARGET = /^\/[\x21\x22\x24-\x7e]*$/;
/** The beginning of a line whose rest has not come yet. */
const TAIL = /^[\t\x20-\x7e\x80-\xff]*\r?$/;
/** What makes a request more than a plain question, or says something about the connection that node:http knows better. */
const ODD = new Set(['content-length', 'transfer-encoding', 'upgrade', 'expect', 'trailer', 'proxy-connection', 'set-cookie']);
/** A head that comes in more pieces than this is left to node:http, with its timers: looking again at each costs. */
const MAX_PIECES = 8;
/** What an idle connection keeps of its last request. A piece of a text keeps all of the text. */
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

  /** The first head of `text`; 'more' while it is not whole. Never throws. */
  read(text: string): Head | 'more' | 'odd' {
    // A client that asks again mostly says the same again.
    if (this.#head !== undefined && text === this.#text) {
      this.length = text.length;
      return this.#head;
    }
    const end = text.indexOf('\r\n\r\n');
    if (end === -1) return this.#unfinished(text);
    this.#pieces = 0;
    this.length = end + 4;
    if (this.length >= this.#limits.maxHeaderBytes) return 'odd';
    const lineEnd = text.indexOf('\r\n');
    const line = requestLine(text.slice(0, lineEnd));
    if (line === undefined || lineEnd === end) return 'odd';
    const fields = this.#read(text.slice(lineEnd + 2, end + 2), text.length <= MAX_REMEMBERED);
    if (fields === undefined) return 'odd';
    const head: Head = {
      method: line.method, url: line.url, httpVersionMajor: 1, httpVersionMinor: 1, headers: fields.headers, rawHeaders: fields.raw,
      keepAlive: fields.keepAlive, complete: true, socket: this.#socket,
    };
    if (this.length === text.length && text.length <= MAX_REMEMBERED) {
      this.#text = text;
      this.#head = head;
    }
    return head;
  }

  #read(block: string, remember: boolean): Fields | undefined {
    if (this.#fields !== undefined && block === this.#block) return this.#fields;
    const fields = LINES.test(block) ? readFields(block, this.#limits.maxHeaders) : undefined;
    if (fields === undefined || !remember) return fields;
    this.#block = block;
    this.#fields = fields;
    return fields;
  }

  #unfinished(text: string): 'more' | 'odd' {
    if (text.length >= this.#limits.maxHeaderBytes || ++this.#pieces > MAX_PIECES) return 'odd';
    const lines = text.lastIndexOf('\r\n');
    if (lines === -1) return ['GET /', 'HEAD /'].some((start) => text.startsWith(start) || start.startsWith(text)) && TAIL.test(text) ? 'more' : 'odd';
    const first = text.indexOf('\r\n');
    if (requestLine(text.slice(0, first)) === undefined) return 'odd';
    if (lines > first && !LINES.test(text.slice(first + 2, lines + 2))) return 'odd';
    return TAIL.test(text.slice(lines + 2)) ? 'more' : 'odd';
  }
}

function requestLine(line: string): Readonly<{ method: 'GET' | 'HEAD'; url: string }> | undefined {
  if (!line.endsWith(' HTTP/1.1')) return undefined;
  const method = line.startsWith('GET ') ? 'GET' : line.startsWith('HEAD ') ? 'HEAD' : undefined;
  if (method === undefined) return undefined;
  const url = line.slice(method.length + 1, -9);
  return TARGET.test(url) ? { method, url } : undefined;
}

/** Undefined when a field is odd, or is there twice. `block` holds valid lines. */
function readFields(block: string, max: number): Fields | undefined {
  const headers: Record<string, string> = Object.create(null);
  const raw: string[] = [];
  const plain = eachField(block, (name, value) => {
    const key = name.toLowerCase();
    if (ODD.has(key) || headers[key] !== undefined) return false;
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
