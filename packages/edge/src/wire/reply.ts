import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { Variant } from '../assets/asset.ts';
import type { Kept } from '../assets/memory.ts';
import type { Exchange, Reply } from '../exchange.ts';
import { isHopByHop, isInternalResponseHeader } from '../http/headers.ts';
import { httpDate } from './date.ts';
import type { Head } from './head.ts';
import type { Answer, Ready } from './ready.ts';

/** 'end': the client has said its last word, while it is being answered. */
type Event = 'drain' | 'close' | 'finish' | 'end';

/** Below this head and body leave in one piece of memory: one write is worth more than a copy. */
const JOIN_BYTES = 32 * 1024;
const LAST_CHUNK = '0\r\n\r\n';
const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** What a reply needs of its connection. */
export type ReplyConnection = Readonly<{ socket: Socket; ready: Ready; keepAliveSeconds: number; answered(reply: WireReply): void; moved(): void; wait(ms: number, late: (() => void) | undefined): void; hold(ms: number): void }>;

export type WireExchange = Exchange<Head, WireReply>;

/**
 * An answer on a connection that the edge reads by itself: the edge's own (a file, a redirect, a problem), or a
 * function's, which brings its own framing.
 */
export class WireReply implements Reply {
  statusCode = 200;
  headersSent = false;
  destroyed = false;
  shouldKeepAlive: boolean;
  /** What was sent, when all of it left at once. */
  sent: Answer | undefined;
  readonly #connection: ReplyConnection;
  #head = '';
  #bodiless: boolean;
  /** Without a length the end is told by the last chunk. */
  #chunked = false;
  #listeners: [Event, () => void][] | undefined;

  constructor(connection: ReplyConnection, head: Head) {
    this.#connection = connection;
    this.shouldKeepAlive = head.keepAlive;
    this.#bodiless = head.method === 'HEAD';
  }

  writeHead(status: number, headers: string[]): void {
    if (this.headersSent) throw new Error('The head was sent already.');
    // Whatever a project says its status is: what follows must not be taken for the next answer.
    if (status < 200) throw new RangeError(`${status} is no final status.`);
    this.#bodiless ||= status === 204 || status === 304;
    this.#chunked = !this.#bodiless && !headers.some((text, i) => i % 2 === 0 && text.length === 14 && text.toLowerCase() === 'content-length');
    this.#head = this.#made(status, headers, STATUS_CODES[status], this.#chunked);
    this.statusCode = status;
    this.headersSent = true;
  }

  /** The whole answer, in one write without a copy where its bytes were sent before. False: it has to be sent in parts. */
  whole(exchange: Exchange, status: number, variant: Variant, kept: Kept): boolean {
    if (!this.shouldKeepAlive || status < 200 || status === 204 || status === 304) return false;
    const { socket, ready } = this.#connection;
    const answer = ready.find(exchange, status, variant, kept);
    const bytes = answer === undefined ? undefined : ready.bytes(answer, exchange.requestId, exchange.deploymentId ?? '');
    if (answer === undefined || bytes === undefined) return false;
    this.sent = answer;
    this.statusCode = status;
    this.headersSent = true;
    socket.write(bytes);
    // What has not left at once is still being read from.
    if (socket.writableLength > 0) ready.give(answer);
    this.#connection.answered(this);
    return true;
  }

  write(chunk: Buffer): boolean {
    if (this.destroyed) return false;
    return this.#chunked && chunk.length > 0 ? this.pass([`${chunk.length.toString(16)}\r\n`, chunk, '\r\n']) : this.#send(chunk);
  }

  end(bytes?: Buffer | string, _encoding?: 'latin1'): void {
    if (this.destroyed) return;
    if (this.#chunked) this.pass(bytes === undefined || bytes.length === 0 ? [LAST_CHUNK] : [`${bytes.length.toString(16)}\r\n`, bytes, `\r\n${LAST_CHUNK}`]);
    else this.#send(bytes);
    this.#connection.answered(this);
  }

  destroy(): void {
    if (!this.destroyed) this.#connection.socket.destroy();
  }

  /** The head of an answer that comes from elsewhere, with its own framing; it leaves with the first bytes. */
  begin(status: number, reason: string, headers: readonly string[], chunked: boolean): void {
    this.#head = this.#made(status, headers, reason, chunked);
    this.statusCode = status;
    this.headersSent = true;
  }

  /** Bytes of a framed body. False: wait for 'drain'. */
  pass(pieces: readonly (Buffer | string)[]): boolean {
    if (this.destroyed) return true;
    const { socket } = this.#connection;
    if (pieces.length === 1) return this.#send(pieces[0]);
    socket.cork();
    let more = true;
    for (const piece of pieces) more = this.#send(piece);
    socket.uncork();
    return more;
  }

  /** Sends a head that still waits for its first bytes. */
  flush(): void {
    if (!this.destroyed) this.#send(undefined);
  }

  /** An interim answer (103); left out where the client does not keep up. */
  hint(status: number, reason: string, raw: readonly string[]): void {
    const { socket } = this.#connection;
    if (this.headersSent || this.destroyed || socket.writableNeedDrain) return;
    let head = `HTTP/1.1 ${status} ${reason}\r\n`;
    for (let i = 0; i < raw.length; i += 2) {
      const key = (raw[i] ?? '').toLowerCase();
      if (key !== 'content-length' && !isHopByHop(key) && !isInternalResponseHeader(key)) head += `${raw[i]}: ${raw[i + 1]}\r\n`;
    }
    socket.write(`${head}\r\n`, 'latin1');
  }

  /** Calls `late` when nothing else was said for so long; undefined: as long as the connection itself may stand still. */
  wait(ms: number, late: (() => void) | undefined): void {
    this.#connection.wait(ms, late);
  }

  setTimeout(ms: number): void {
    this.#connection.hold(ms);
  }

  on(event: Event, listener: () => void): void {
    (this.#listeners ??= []).push([event, listener]);
  }

  once(event: Event, listener: () => void): void {
    this.on(event, listener);
  }

  /** From the connection. 'close' and 'finish' come once. */
  emit(event: Event): void {
    const listeners = this.#listeners;
    if (listeners === undefined) return;
    for (const [name, listener] of listeners) if (name === event) listener();
  }

  #send(bytes: Buffer | string | undefined): boolean {
    const { socket } = this.#connection;
    const head = this.#head;
    this.#head = '';
    this.#connection.moved();
    if (bytes === undefined || bytes.length === 0 || this.#bodiless) return head === '' || socket.write(head, 'latin1');
    if (head === '') return typeof bytes === 'string' ? socket.write(bytes, 'latin1') : socket.write(bytes);
    if (typeof bytes === 'string') return socket.write(head + bytes, 'latin1');
    if (bytes.length > JOIN_BYTES) {
      socket.cork();
      socket.write(head, 'latin1');
      const more = socket.write(bytes);
      socket.uncork();
      return more;
    }
    const joined = Buffer.allocUnsafe(head.length + bytes.length);
    joined.write(head, 0, 'latin1');
    bytes.copy(joined, head.length);
    return socket.write(joined);
  }

  /** As node:http writes it: the given fields, then Date, Connection and framing. */
  #made(status: number, headers: readonly string[], reason = STATUS_CODES[status] ?? 'unknown', chunked = false): string {
    if (!Number.isInteger(status) || status < 100 || status > 999) throw new RangeError(`There is no status ${status}.`);
    let head = `HTTP/1.1 ${status} ${reason}\r\n`;
    let dated = false;
    let said = false;
    for (let i = 0; i < headers.length; i += 2) {
      const name = headers[i] ?? '';
      const value = headers[i + 1] ?? '';
      if (!NAME.test(name) || !VALUE.test(value)) throw new TypeError(`The header "${name}" can not be written.`);
      head += `${name}: ${value}\r\n`;
      if (name.length === 4 && name.toLowerCase() === 'date') dated = true;
      if (name.length === 10 && name.toLowerCase() === 'connection') {
        said = true;
        if (value.toLowerCase() === 'close') this.shouldKeepAlive = false;
      }
    }
    if (!dated) head += `Date: ${httpDate()}\r\n`;
    if (!said) head += this.shouldKeepAlive ? `Connection: keep-alive\r\nKeep-Alive: timeout=${this.#connection.keepAliveSeconds}\r\n` : 'Connection: close\r\n';
    return chunked ? `${head}Transfer-Encoding: chunked\r\n\r\n` : `${head}\r\n`;
  }
}
