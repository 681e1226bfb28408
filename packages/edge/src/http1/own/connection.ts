import type { Socket } from 'node:net';
import { rejectConnection } from '../reject-connection.ts';
import type { ClientAddress } from '../../http/client-address.ts';
import { MAX_MEMO_KEY_BYTES, type RequestMemo } from './request-memo.ts';
import { newRequestId } from '../../util/request-id.ts';
import type { RequestSocket } from '../transport.ts';
import type { Head, HeadLimits } from './request-head.ts';
import { RequestParser } from './request-parser.ts';
import type { OwnReply } from './own-exchange.ts';
import type { PrebuiltResponse, PrebuiltResponses } from './prebuilt-responses.ts';
import { ResponseWriter } from './response-writer.ts';
import type { RequestBodies, RequestBody } from './request-body.ts';

/** The part of the server that a connection uses. */
export type ConnectionServer = HeadLimits &
  Readonly<{
    headersMs: number;
    bodies: RequestBodies;
    /** How long a buffered request body may take to arrive. */
    bodyMs: number;
    keepAliveMs: number;
    keepAliveSeconds: number;
    /** How long a response may stall. */
    stallTimeoutMs: number;
    prebuilt: PrebuiltResponses;
    memo: RequestMemo;
    /** Returns the client's address as the connection itself has it. */
    clientAddress(socket: RequestSocket): ClientAddress;
    /** `performance.now()` as of the last deadline check, and a little ahead of it. */
    time: { now: number };
    /** Handles the request. Must not throw. */
    handle(head: Head, reply: OwnReply): void;
    /** Takes the connection over, with bytes that were already read from it. */
    handOffToNodeHttp(socket: Socket, unread: Buffer): void;
    onClosed(connection: Connection): void;
  }>;

/** Bytes read ahead of a response in flight. */
const MAX_UNREAD_BYTES = 64 * 1024;

/**
 * Serves one client connection that the edge reads itself: each request is completed before the next is parsed. Small
 * bodies are buffered first. The first request that is not plain, or whose body is slow, passes to node:http together
 * with the connection, for good.
 */
export class Connection {
  readonly socket: Socket;
  readonly prebuilt: PrebuiltResponses;
  readonly keepAliveSeconds: number;
  /** When `onDeadline` runs, in the time of the server's `time`. */
  deadline: number;
  readonly #server: ConnectionServer;
  readonly #parser: RequestParser;
  readonly #clientAddress: ClientAddress;
  #reply: ResponseWriter | undefined;
  /** Body of the request in flight. */
  #body: RequestBody | undefined;
  #responding = false;
  /** The part that has started to arrive and must be complete by the deadline; at first a head. */
  #reading: 'head' | 'body' | undefined = 'head';
  #ended = false;
  #closing = false;
  #handedOff = false;
  #onTimeout: (() => void) | undefined;
  /** How long the response in flight may stall. */
  #stallTimeoutMs: number;
  /**
   * The socket encrypts: what it was given is copied when `write` returns, but counts as unsent until the next turn of
   * the event loop.
   */
  readonly #encrypts: boolean;
  /** Returns whether the certificate is for a host; undefined without TLS. */
  readonly #covers: RequestSocket['covers'];
  /** The host that the certificate was last found to be for. */
  #coveredHost = '';
  /** The idle deadline has passed once while bytes were still unsent. */
  #extended = false;

  constructor(socket: Socket, home: ConnectionServer) {
    this.socket = socket;
    this.#server = home;
    this.prebuilt = home.prebuilt;
    this.keepAliveSeconds = home.keepAliveSeconds;
    this.#stallTimeoutMs = home.stallTimeoutMs;
    this.deadline = home.time.now + home.headersMs;
    const { covers, encrypted }: RequestSocket = socket;
    this.#encrypts = encrypted === true;
    this.#covers = covers;
    const peer = { remoteAddress: socket.remoteAddress, covers, encrypted, destroy: () => socket.destroy() };
    this.#parser = new RequestParser(home, peer);
    this.#clientAddress = home.clientAddress(peer);
    socket.on('end', this.#onEnd);
    socket.on('drain', this.#onDrain);
    socket.on('error', this.#onError);
    socket.on('close', this.#onClose);
  }

  /** No request has started and none is in flight. */
  get idle(): boolean {
    return this.#reply === undefined && this.#parser.empty && this.socket.writableLength === 0;
  }

  /** The socket still reads from what it was given to write. */
  get #hasUnsent(): boolean {
    return !this.#encrypts && this.socket.writableLength > 0;
  }

  /** Runs when the deadline has passed. */
  onDeadline(): void {
    const onTimeout = this.#onTimeout;
    this.#onTimeout = undefined;
    if (onTimeout !== undefined && this.#reply !== undefined) return onTimeout();
    if (this.#reading === 'body' && !this.#closing) return this.#handOff();
    if (this.#reading === undefined && this.#encrypts && !this.#extended && this.socket.writableLength > 0) {
      this.#extended = true;
      return this.resetStallTimer();
    }
    if (this.#reading === undefined || this.#closing) return void this.socket.destroy();
    this.#closing = true;
    this.resetStallTimer();
    rejectConnection('ERR_HTTP_REQUEST_TIMEOUT', this.socket);
  }

  /** Sets the deadline of the response in flight; called by its writer. */
  setDeadline(ms: number, onTimeout: (() => void) | undefined): void {
    this.#onTimeout = onTimeout;
    this.deadline = this.#server.time.now + (onTimeout === undefined ? this.#stallTimeoutMs : ms);
  }

  /** Sets how long the response in flight may stall; called by its writer. */
  setStallTimeout(ms: number): void {
    this.#stallTimeoutMs = ms;
    this.resetStallTimer();
  }

  /** Restarts the stall timer after progress, unless the writer has a deadline of its own. */
  resetStallTimer(): void {
    // A body that is being read has its own deadline.
    if (this.#onTimeout === undefined && this.#reading !== 'body')
      this.deadline = this.#server.time.now + this.#stallTimeoutMs;
  }

  /** Writes the bytes of a prebuilt response, which change with its next use. */
  writePrebuilt(response: PrebuiltResponse, bytes: Buffer): void {
    const { socket } = this;
    if (this.#encrypts) {
      // Behind an earlier write they would be encrypted too late.
      socket.write(socket.writableLength > 0 ? Buffer.from(bytes) : bytes);
      return;
    }
    socket.write(bytes);
    // Bytes that the kernel did not accept at once are still read from this buffer.
    if (socket.writableLength > 0) this.prebuilt.detach(response);
  }

  /** Completes the request after a response writer has written everything. */
  onResponseEnd(reply: ResponseWriter): void {
    if (this.#reply !== reply) return;
    this.#reply = undefined;
    this.#onTimeout = undefined;
    this.#stallTimeoutMs = this.#server.stallTimeoutMs;
    this.#body?.drop();
    this.#body = undefined;
    if (!reply.shouldKeepAlive) {
      this.#closing = true;
      this.#parser.drop();
      this.resetStallTimer();
      this.socket.destroySoon();
    }
    reply.emit('finish');
    reply.emit('close');
    if (this.#closing || this.#responding) return;
    this.#next();
  }

  /** Gives up a connection that speaks another protocol. Nothing of it was read. */
  release(): Socket {
    this.#closing = true;
    this.#detach();
    return this.socket;
  }

  /** Passes the connection to node:http, with the bytes of every request that has no response yet. */
  #handOff(): void {
    const { socket } = this;
    const unread = this.#parser.take();
    this.#closing = true;
    this.#handedOff = true;
    this.#detach();
    // After its end a stream takes nothing back, and a client that half-closed expects no more.
    if (this.#ended) {
      socket.on('error', () => undefined);
      return socket.destroySoon();
    }
    this.#server.handOffToNodeHttp(socket, unread);
  }

  /** Handles received bytes. `bytes` is reused after this call. Returns false to apply back-pressure. */
  receive(bytes: Buffer, length: number): boolean {
    // The connection belongs to node:http now, which reads it as a stream.
    if (this.#handedOff) return this.socket.push(Buffer.from(bytes.subarray(0, length)));
    if (this.#closing) return true;
    if (this.#reply === undefined && length <= MAX_MEMO_KEY_BYTES && this.#parser.empty) {
      const text = bytes.toString('latin1', 0, length);
      if (this.#tryMemo(text)) return true;
      this.#parser.addText(text);
    } else this.#parser.add(bytes, length);
    if (this.#reply === undefined && !this.socket.writableNeedDrain) this.#next();
    else if (this.#parser.unreadBytes > MAX_UNREAD_BYTES) this.socket.pause();
    return true;
  }

  /** Serves a request from the response memo. Returns false when that is not possible. */
  #tryMemo(text: string): boolean {
    const { socket } = this;
    if (this.#clientAddress.trusted || this.#ended || socket.writableNeedDrain) return false;
    const { prebuilt, memo, time, keepAliveMs } = this.#server;
    const hit = memo.lookup(text);
    if (hit === undefined || !this.#isFor(hit.host)) return false;
    const startedAt = performance.now();
    const requestId = newRequestId();
    const bytes = prebuilt.bytes(hit.response, requestId, hit.deploymentId);
    if (bytes === undefined) return false;
    this.#reading = undefined;
    this.#extended = false;
    this.writePrebuilt(hit.response, bytes);
    if (this.#hasUnsent) this.resetStallTimer();
    else this.deadline = time.now + keepAliveMs;
    memo.recordHit(hit, requestId, startedAt, this.#clientAddress.ip);
    return true;
  }

  /** Another connection, with another certificate, may have stored a response. */
  #isFor(host: string): boolean {
    if (this.#covers === undefined || host === this.#coveredHost) return true;
    if (!this.#covers(host)) return false;
    this.#coveredHost = host;
    return true;
  }

  #next(): void {
    this.#responding = true;
    while (this.#reply === undefined && !this.#closing) {
      // A client that sends but does not read waits until its responses have left.
      if (this.socket.writableNeedDrain) break;
      const head = this.#parser.next();
      if (head === 'fallback') {
        this.#responding = false;
        return this.#handOff();
      }
      if (head === 'head' || head === 'body') {
        this.#await(head);
        break;
      }
      this.#body = head.body;
      this.#reading = undefined;
      this.#extended = false;
      const reply = new ResponseWriter(this, head);
      this.#reply = reply;
      this.#server.handle(head, reply);
    }
    this.#responding = false;
    if (this.#closing) return;
    if (this.#reply !== undefined || this.#hasUnsent) this.resetStallTimer();
    else if (this.#parser.empty) {
      if (this.#ended) return this.socket.destroySoon();
      this.deadline = this.#server.time.now + this.#server.keepAliveMs;
    }
    if (this.socket.isPaused() && this.#parser.unreadBytes <= MAX_UNREAD_BYTES) this.socket.resume();
  }

  /** Waits for the rest of a request, if any of it has arrived. */
  #await(what: 'head' | 'body'): void {
    if (this.#parser.empty) return;
    if (this.#ended) {
      this.#closing = true;
      this.resetStallTimer();
      rejectConnection('HPE_INVALID_EOF_STATE', this.socket);
    } else if (this.#reading !== what) {
      this.#reading = what;
      this.deadline = this.#server.time.now + (what === 'head' ? this.#server.headersMs : this.#server.bodyMs);
    }
  }

  readonly #onDrain = (): void => {
    if (this.#closing) return;
    this.resetStallTimer();
    if (this.#reply !== undefined) this.#reply.emit('drain');
    else this.#next();
  };

  readonly #onEnd = (): void => {
    this.#ended = true;
    if (this.#closing) return;
    if (this.#reply !== undefined) return this.#reply.emit('end');
    if (!this.#parser.empty) return this.#next();
    this.socket.destroySoon();
  };

  readonly #onError = (): void => undefined;

  readonly #onClose = (): void => {
    this.#closing = true;
    this.#server.onClosed(this);
    this.#parser.drop();
    this.#body?.drop();
    const reply = this.#reply;
    if (reply === undefined) return;
    this.#reply = undefined;
    reply.destroyed = true;
    reply.emit('close');
  };

  #detach(): void {
    const { socket } = this;
    socket.removeListener('end', this.#onEnd);
    socket.removeListener('drain', this.#onDrain);
    socket.removeListener('error', this.#onError);
    socket.removeListener('close', this.#onClose);
    this.#server.onClosed(this);
  }
}
