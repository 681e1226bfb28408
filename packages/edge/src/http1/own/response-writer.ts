import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { Variant } from '../variant.ts';
import type { CachedBytes } from '../../util/cached-bytes.ts';
import type { Exchange } from '../transport.ts';
import { isHopByHop, isInternalResponseHeader } from '../../http/headers.ts';
import { httpDate } from './date.ts';
import type { OwnReply, OwnReplyEvent } from './own-exchange.ts';
import type { Head } from './request-head.ts';
import type { PrebuiltResponse, PrebuiltResponses } from './prebuilt-responses.ts';

/** Below this size head and body leave in one buffer: a write costs more than a copy. */
const JOIN_BYTES = 32 * 1024;
const LAST_CHUNK = '0\r\n\r\n';
const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

type ExtraHeader = Readonly<{ key: string; line: string }>;

/** The part of the connection that a writer uses. */
export type ReplyConnection = Readonly<{
  socket: Socket;
  prebuilt: PrebuiltResponses;
  keepAliveSeconds: number;
  writePrebuilt(response: PrebuiltResponse, bytes: Buffer): void;
  onResponseEnd(reply: ResponseWriter): void;
  resetStallTimer(): void;
  setDeadline(ms: number, onTimeout: (() => void) | undefined): void;
  setStallTimeout(ms: number): void;
}>;

/**
 * Writes a response on a connection that the edge reads itself: the edge's own (a file, a redirect, an error), or a
 * function's, which brings its own framing.
 */
export class ResponseWriter implements OwnReply {
  readonly framing = 'http1';
  statusCode = 200;
  headersSent = false;
  destroyed = false;
  shouldKeepAlive: boolean;
  /** The prebuilt response that was sent, when it was. */
  sent: PrebuiltResponse | undefined;
  readonly #connection: ReplyConnection;
  #head = '';
  /** A header line that the next head gets. */
  #extra: ExtraHeader | undefined;
  #bodiless: boolean;
  /** Without a length the body ends with the last chunk. */
  #chunked = false;
  #listeners: [OwnReplyEvent, () => void][] | undefined;

  constructor(connection: ReplyConnection, head: Head) {
    this.#connection = connection;
    this.shouldKeepAlive = head.keepAlive;
    this.#bodiless = head.method === 'HEAD';
  }

  setHeader(name: string, value: string): void {
    this.#extra = { key: name.toLowerCase(), line: `${name}: ${value}\r\n` };
  }

  writeHead(status: number, headers: string[]): void {
    if (this.headersSent) throw new Error('The head was sent already.');
    // Whatever status a project sets: what follows must not be taken for the next response.
    if (status < 200) throw new RangeError(`${status} is no final status.`);
    this.#bodiless ||= status === 204 || status === 304;
    this.#chunked =
      !this.#bodiless &&
      !headers.some((text, i) => i % 2 === 0 && text.length === 14 && text.toLowerCase() === 'content-length');
    this.#head = this.#made(status, headers, STATUS_CODES[status], this.#chunked);
    this.statusCode = status;
    this.headersSent = true;
  }

  /** Sends a whole response in one write, without a copy where it is prebuilt. False: it must be sent in parts. */
  sendPrebuilt(exchange: Exchange, status: number, variant: Variant, content: CachedBytes): boolean {
    if (!this.shouldKeepAlive || status < 200 || status === 204 || status === 304) return false;
    const { prebuilt } = this.#connection;
    const response = prebuilt.find(exchange, status, variant, content, this.#extra?.line ?? '');
    const bytes =
      response === undefined ? undefined : prebuilt.bytes(response, exchange.requestId, exchange.deploymentId ?? '');
    if (response === undefined || bytes === undefined) return false;
    this.sent = response;
    this.statusCode = status;
    this.headersSent = true;
    this.#connection.writePrebuilt(response, bytes);
    this.#connection.onResponseEnd(this);
    return true;
  }

  write(chunk: Buffer): boolean {
    if (this.destroyed) return false;
    return this.#chunked && chunk.length > 0
      ? this.writeRaw([`${chunk.length.toString(16)}\r\n`, chunk, '\r\n'])
      : this.#send(chunk);
  }

  end(bytes?: Buffer | string, _encoding?: 'latin1'): void {
    if (this.destroyed) return;
    if (this.#chunked)
      this.writeRaw(
        bytes === undefined || bytes.length === 0
          ? [LAST_CHUNK]
          : [`${bytes.length.toString(16)}\r\n`, bytes, `\r\n${LAST_CHUNK}`],
      );
    else this.#send(bytes);
    this.#connection.onResponseEnd(this);
  }

  destroy(): void {
    if (!this.destroyed) this.#connection.socket.destroy();
  }

  /** Starts a response that brings its own framing; its head leaves with the first bytes. */
  begin(status: number, reason: string, headers: readonly string[], chunked: boolean): void {
    this.#head = this.#made(status, headers, reason, chunked);
    this.statusCode = status;
    this.headersSent = true;
  }

  /** Writes bytes of a framed body. False: wait for 'drain'. */
  writeRaw(pieces: readonly (Buffer | string)[]): boolean {
    if (this.destroyed) return true;
    const { socket } = this.#connection;
    if (pieces.length === 1) return this.#send(pieces[0]);
    socket.cork();
    let more = true;
    for (const piece of pieces) more = this.#send(piece);
    socket.uncork();
    return more;
  }

  /** A body that brings its framing has its trailers in it. */
  addTrailers(): void {}

  /** Sends a head that still waits for its first bytes. */
  flush(): void {
    if (!this.destroyed) this.#send(undefined);
  }

  /** Writes an informational response (103); skipped for clients that do not read. */
  writeInformational(status: number, reason: string, raw: readonly string[]): void {
    const { socket } = this.#connection;
    if (this.headersSent || this.destroyed || socket.writableNeedDrain) return;
    let head = `HTTP/1.1 ${status} ${reason}\r\n`;
    for (let i = 0; i < raw.length; i += 2) {
      const key = (raw[i] ?? '').toLowerCase();
      if (key !== 'content-length' && !isHopByHop(key) && !isInternalResponseHeader(key))
        head += `${raw[i]}: ${raw[i + 1]}\r\n`;
    }
    socket.write(`${head}\r\n`, 'latin1');
  }

  /** Sets the deadline (ms) after which `onTimeout` runs. Without a callback the connection's stall timeout applies. */
  setDeadline(ms: number, onTimeout: (() => void) | undefined): void {
    this.#connection.setDeadline(ms, onTimeout);
  }

  setTimeout(ms: number): void {
    this.#connection.setStallTimeout(ms);
  }

  on(event: OwnReplyEvent, listener: () => void): void {
    (this.#listeners ??= []).push([event, listener]);
  }

  once(event: OwnReplyEvent, listener: () => void): void {
    this.on(event, listener);
  }

  /** Runs listeners; called by the connection. 'close' and 'finish' are emitted once. */
  emit(event: OwnReplyEvent): void {
    const listeners = this.#listeners;
    if (listeners === undefined) return;
    for (const [name, listener] of listeners) if (name === event) listener();
  }

  #send(bytes: Buffer | string | undefined): boolean {
    const { socket } = this.#connection;
    const head = this.#head;
    this.#head = '';
    this.#connection.resetStallTimer();
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

  /** Returns a head as node:http writes it: the given fields, then Date, Connection and framing. */
  #made(
    status: number,
    headers: readonly string[],
    reason = STATUS_CODES[status] ?? 'unknown',
    chunked = false,
  ): string {
    if (!Number.isInteger(status) || status < 100 || status > 999)
      throw new RangeError(`There is no status ${status}.`);
    let head = `HTTP/1.1 ${status} ${reason}\r\n`;
    let dated = false;
    let hasConnection = false;
    let extra = this.#extra;
    for (let i = 0; i < headers.length; i += 2) {
      const name = headers[i] ?? '';
      const value = headers[i + 1] ?? '';
      if (!NAME.test(name) || !VALUE.test(value)) throw new TypeError(`The header "${name}" cannot be written.`);
      head += `${name}: ${value}\r\n`;
      if (name.length === 4 && name.toLowerCase() === 'date') dated = true;
      if (name.length === 10 && name.toLowerCase() === 'connection') {
        hasConnection = true;
        if (value.toLowerCase() === 'close') this.shouldKeepAlive = false;
      }
      if (extra !== undefined && name.length === extra.key.length && name.toLowerCase() === extra.key)
        extra = undefined;
    }
    if (extra !== undefined) head += extra.line;
    if (!dated) head += `Date: ${httpDate()}\r\n`;
    if (!hasConnection)
      head += this.shouldKeepAlive
        ? `Connection: keep-alive\r\nKeep-Alive: timeout=${this.#connection.keepAliveSeconds}\r\n`
        : 'Connection: close\r\n';
    return chunked ? `${head}Transfer-Encoding: chunked\r\n\r\n` : `${head}\r\n`;
  }
}
