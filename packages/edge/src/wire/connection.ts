import type { Socket } from 'node:net';
import { refuseRaw } from '../answers.ts';
import { HeadReader, type Head, type HeadLimits } from './head.ts';
import type { Ready } from './ready.ts';
import { WireReply } from './reply.ts';

/** What a connection needs of the server that it belongs to. */
export type ConnectionHome = HeadLimits &
  Readonly<{
    headersMs: number;
    keepAliveMs: number;
    keepAliveSeconds: number;
    /** How long an answer may stand still. */
    stillMs: number;
    ready: Ready;
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
 * at. The first request that is not plain goes to node:http, with the connection and for good.
 */
export class Connection {
  readonly socket: Socket;
  readonly ready: Ready;
  readonly keepAliveSeconds: number;
  /** When `tick` is to look at it, in the time of `home.time`. */
  deadline: number;
  readonly #home: ConnectionHome;
  readonly #reader: HeadReader;
  /** Bytes not yet answered, one character each. */
  #unread = '';
  #reply: WireReply | undefined;
  #answering = false;
  /** A head has begun to come in, or none ever has: it must be whole by the deadline. */
  #reading = true;
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
    this.#reader = new HeadReader(home, { remoteAddress: socket.remoteAddress, destroy: () => socket.destroy() });
    socket.on('end', this.#onEnd);
    socket.on('drain', this.#onDrain);
    socket.on('error', this.#onError);
    socket.on('close', this.#onClose);
  }

  /** Nothing is asked and nothing is being answered. */
  get quiet(): boolean {
    return this.#reply === undefined && this.#unread === '' && this.socket.writableLength === 0;
  }

  /** The deadline has passed. */
  tick(): void {
    const late = this.#late;
    this.#late = undefined;
    if (late !== undefined && this.#reply !== undefined) return late();
    if (!this.#reading || this.#closing) return void this.socket.destroy();
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
    if (this.#late === undefined) this.deadline = this.#home.time.now + this.#stillMs;
  }

  /** From a reply, when all of it was written. */
  answered(reply: WireReply): void {
    if (this.#reply !== reply) return;
    this.#reply = undefined;
    this.#late = undefined;
    this.#stillMs = this.#home.stillMs;
    if (!reply.shouldKeepAlive) {
      this.#closing = true;
      this.#unread = '';
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
    const unread = this.#unread;
    this.#unread = '';
    this.#closing = true;
    this.#left = true;
    this.#detach();
    // After its end a stream takes nothing back; who has stopped talking does not mind.
    if (this.#ended) {
      socket.on('error', () => undefined);
      return socket.destroySoon();
    }
    this.#home.leaveToNode(socket, Buffer.from(unread, 'latin1'));
  }

  /** What came in; the memory is not ours to keep. False: it is too much. */
  receive(bytes: Buffer, length: number): boolean {
    // The connection is node:http's now, which reads as streams are read.
    if (this.#left) return this.socket.push(Buffer.from(bytes.subarray(0, length)));
    if (this.#closing) return true;
    const text = bytes.toString('latin1', 0, length);
    this.#unread = this.#unread === '' ? text : this.#unread + text;
    if (this.#reply === undefined && !this.socket.writableNeedDrain) this.#next();
    else if (this.#unread.length > MAX_AHEAD) this.socket.pause();
    return true;
  }

  #next(): void {
    this.#answering = true;
    while (this.#reply === undefined && this.#unread !== '' && !this.#closing) {
      // Who asks but does not read waits until the answers have left.
      if (this.socket.writableNeedDrain) break;
      const text = this.#unread;
      const head = this.#reader.read(text);
      if (head === 'odd') {
        this.#answering = false;
        return this.#leave();
      }
      if (head === 'more') {
        if (this.#ended) {
          this.#closing = true;
          this.moved();
          refuseRaw('HPE_INVALID_EOF_STATE', this.socket);
        } else if (!this.#reading) {
          this.#reading = true;
          this.deadline = this.#home.time.now + this.#home.headersMs;
        }
        break;
      }
      const { length } = this.#reader;
      // More than was announced: node:http has its own view of that.
      if (!head.keepAlive && text.length > length) {
        this.#answering = false;
        return this.#leave();
      }
      this.#unread = text.length === length ? '' : text.slice(length);
      this.#reading = false;
      const reply = new WireReply(this, head);
      this.#reply = reply;
      this.#home.answer(head, reply);
    }
    this.#answering = false;
    if (this.#closing) return;
    if (this.#reply !== undefined || this.socket.writableLength > 0) {
      this.moved();
    }
    else if (this.#unread === '') {
      if (this.#ended) return this.socket.destroySoon();
      this.deadline = this.#home.time.now + this.#home.keepAliveMs;
    }
    if (this.socket.isPaused() && this.#unread.length <= MAX_AHEAD) this.socket.resume();
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
    if (this.#unread !== '') return this.#next();
    this.socket.destroySoon();
  };

  readonly #onError = (): void => undefined;

  readonly #onClose = (): void => {
    this.#closing = true;
    this.#home.gone(this);
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
