import type { Socket } from 'node:net';
import { refuseRaw } from '../answers.ts';
import type { Visitor } from '../http/visitor.ts';
import { MAX_REPEATED, type Repeats } from '../repeats.ts';
import { newRequestId } from '../request-id.ts';
import type { RequestSocket } from '../exchange.ts';
import type { Head, HeadLimits } from './head.ts';
import { Incoming } from './incoming.ts';
import type { Ready } from './ready.ts';
import { WireReply } from './reply.ts';
import type { RequestBodies, RequestBody } from './request-body.ts';

/** What a connection needs of the server that it belongs to. */
export type ConnectionHome = HeadLimits &
  Readonly<{
    headersMs: number;
    bodies: RequestBodies;
    /** How long a body may take that is read whole. */
    bodyMs: number;
    keepAliveMs: number;
    keepAliveSeconds: number;
    /** How long an answer may stand still. */
    stillMs: number;
    ready: Ready;
    repeats: Pick<Repeats, 'find' | 'given' | 'turn'>;
    /** Who asks, as the connection itself says. */
    visitor(socket: RequestSocket): Visitor;
    /** performance.now(), as of the last look at the deadlines, and a little ahead. */
    time: { now: number };
    /** Answers the request; may throw nothing. */
    answer(head: Head, reply: WireReply): void;
    /** Takes the connection over, with bytes that were read from it already. */
    leaveToNode(socket: Socket, unread: Buffer): void;
    gone(connection: Connection): void;
  }>;

/** What is read ahead of an answer that is under way. */
const MAX_AHEAD = 64 * 1024;

/**
 * One client connection that the edge reads by itself, request after request, each answered before the next is looked
 * at. A small body is read whole first. The first request that is not plain, or whose body is slow, goes to node:http, with
 * the connection and for good.
 */
export class Connection {
  readonly socket: Socket;
  readonly ready: Ready;
  readonly keepAliveSeconds: number;
  /** When `tick` is to look at it, in the time of `home.time`. */
  deadline: number;
  readonly #home: ConnectionHome;
  readonly #incoming: Incoming;
  readonly #visitor: Visitor;
  #reply: WireReply | undefined;
  /** Of the request that is being answered. */
  #body: RequestBody | undefined;
  #answering = false;
  /** What has begun to come in, and must be whole by the deadline; at first a head. */
  #reading: 'head' | 'body' | undefined = 'head';
  #ended = false;
  #closing = false;
  #left = false;
  #late: (() => void) | undefined;
  /** How long the answer under way may stand still. */
  #stillMs: number;

  constructor(socket: Socket, home: ConnectionHome) {
    this.socket = socket;
    this.#home = home;
    this.ready = home.ready;
    this.keepAliveSeconds = home.keepAliveSeconds;
    this.#stillMs = home.stillMs;
    this.deadline = home.time.now + home.headersMs;
    const asked: RequestSocket = { remoteAddress: socket.remoteAddress, destroy: () => socket.destroy() };
    this.#incoming = new Incoming(home, asked);
    this.#visitor = home.visitor(asked);
    socket.on('end', this.#onEnd);
    socket.on('drain', this.#onDrain);
    socket.on('error', this.#onError);
    socket.on('close', this.#onClose);
  }

  /** Nothing is asked and nothing is being answered. */
  get quiet(): boolean {
    return this.#reply === undefined && this.#incoming.empty && this.socket.writableLength === 0;
  }

  /** The deadline has passed. */
  tick(): void {
    const late = this.#late;
    this.#late = undefined;
    if (late !== undefined && this.#reply !== undefined) return late();
    if (this.#reading === 'body' && !this.#closing) return this.#leave();
    if (this.#reading === undefined || this.#closing) return void this.socket.destroy();
    this.#closing = true;
    this.moved();
    refuseRaw('ERR_HTTP_REQUEST_TIMEOUT', this.socket);
  }

  /** From a reply. */
  wait(ms: number, late: (() => void) | undefined): void {
    this.#late = late;
    this.deadline = this.#home.time.now + (late === undefined ? this.#stillMs : ms);
  }

  /** From a reply: it may stand still for so long. */
  hold(ms: number): void {
    this.#stillMs = ms;
    this.moved();
  }

  /** Something moved: the answer does not stand still. Who has said how long to wait says so again. */
  moved(): void {
    // A body that is being read has its own time.
    if (this.#late === undefined && this.#reading !== 'body') this.deadline = this.#home.time.now + this.#stillMs;
  }

  /** From a reply, when all of it was written. */
  answered(reply: WireReply): void {
    if (this.#reply !== reply) return;
    this.#reply = undefined;
    this.#late = undefined;
    this.#stillMs = this.#home.stillMs;
    this.#body?.drop();
    this.#body = undefined;
    if (!reply.shouldKeepAlive) {
      this.#closing = true;
      this.#incoming.drop();
      this.moved();
      this.socket.destroySoon();
    }
    reply.emit('finish');
    reply.emit('close');
    if (this.#closing || this.#answering) return;
    this.#next();
  }

  /** Gives the connection to node:http, with what was not yet answered. */
  #leave(): void {
    const { socket } = this;
    const unread = this.#incoming.take();
    this.#closing = true;
    this.#left = true;
    this.#detach();
    // After its end a stream takes nothing back; who has stopped talking does not mind.
    if (this.#ended) {
      socket.on('error', () => undefined);
      return socket.destroySoon();
    }
    this.#home.leaveToNode(socket, unread);
  }

  /** What came in; the memory is not ours to keep. False: it is too much. */
  receive(bytes: Buffer, length: number): boolean {
    // The connection is node:http's now, which reads as streams are read.
    if (this.#left) return this.socket.push(Buffer.from(bytes.subarray(0, length)));
    if (this.#closing) return true;
    if (this.#reply === undefined && length <= MAX_REPEATED && this.#incoming.empty) {
      const text = bytes.toString('latin1', 0, length);
      if (this.#again(text)) return true;
      this.#incoming.addText(text);
    } else this.#incoming.add(bytes, length);
    if (this.#reply === undefined && !this.socket.writableNeedDrain) this.#next();
    else if (this.#incoming.ahead > MAX_AHEAD) this.socket.pause();
    return true;
  }

  /** Answers what was asked before in the very same words; false where that is not possible any more. */
  #again(text: string): boolean {
    const { socket } = this;
    if (this.#visitor.trusted || this.#ended || socket.writableNeedDrain) return false;
    const { ready, repeats, time, keepAliveMs } = this.#home;
    const repeat = repeats.find(text);
    if (repeat === undefined) return false;
    const startedAt = performance.now();
    const requestId = newRequestId();
    const bytes = ready.bytes(repeat.answer, requestId, repeat.deploymentId);
    if (bytes === undefined) return false;
    this.#reading = undefined;
    socket.write(bytes);
    if (socket.writableLength > 0) {
      // What has not left at once is still being read from.
      ready.give(repeat.answer);
      this.moved();
    } else this.deadline = time.now + keepAliveMs;
    repeats.given(repeat, requestId, startedAt, this.#visitor.ip);
    return true;
  }

  #next(): void {
    this.#answering = true;
    while (this.#reply === undefined && !this.#closing) {
      // Who asks but does not read waits until the answers have left.
      if (this.socket.writableNeedDrain) break;
      const asked = this.#incoming.next();
      if (asked === 'odd') {
        this.#answering = false;
        return this.#leave();
      }
      if (asked === 'head' || asked === 'body') {
        this.#await(asked);
        break;
      }
      this.#body = asked.body;
      this.#reading = undefined;
      const reply = new WireReply(this, asked);
      this.#reply = reply;
      this.#home.answer(asked, reply);
    }
    this.#answering = false;
    if (this.#closing) return;
    if (this.#reply !== undefined || this.socket.writableLength > 0) this.moved();
    else if (this.#incoming.empty) {
      if (this.#ended) return this.socket.destroySoon();
      this.deadline = this.#home.time.now + this.#home.keepAliveMs;
    }
    if (this.socket.isPaused() && this.#incoming.ahead <= MAX_AHEAD) this.socket.resume();
  }

  /** More of a request is to come, if anything has. */
  #await(what: 'head' | 'body'): void {
    if (this.#incoming.empty) return;
    if (this.#ended) {
      this.#closing = true;
      this.moved();
      refuseRaw('HPE_INVALID_EOF_STATE', this.socket);
    } else if (this.#reading !== what) {
      this.#reading = what;
      this.deadline = this.#home.time.now + (what === 'head' ? this.#home.headersMs : this.#home.bodyMs);
    }
  }

  readonly #onDrain = (): void => {
    if (this.#closing) return;
    this.moved();
    if (this.#reply !== undefined) this.#reply.emit('drain');
    else this.#next();
  };

  readonly #onEnd = (): void => {
    this.#ended = true;
    if (this.#closing) return;
    if (this.#reply !== undefined) return this.#reply.emit('end');
    if (!this.#incoming.empty) return this.#next();
    this.socket.destroySoon();
  };

  readonly #onError = (): void => undefined;

  readonly #onClose = (): void => {
    this.#closing = true;
    this.#home.gone(this);
    this.#incoming.drop();
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
    this.#home.gone(this);
  }
}
