import { HeadReader, type Head, type HeadLimits } from './request-head.ts';
import type { RequestBodies, RequestBody } from './request-body.ts';
import type { RequestSocket } from '../transport.ts';

/** A request whose body has not come whole. `bytes`: its head. */
type PartialRequest = Readonly<{ head: Head; bytes: Buffer; body: RequestBody }>;

const NOTHING = Buffer.alloc(0);

/** Buffers the received bytes of a connection that have no response yet, request by request. */
export class RequestParser {
  readonly #bodies: RequestBodies;
  readonly #reader: HeadReader;
  /** One character a byte. */
  #unread = '';
  #partial: PartialRequest | undefined;

  constructor(limits: HeadLimits & Readonly<{ bodies: RequestBodies }>, socket: RequestSocket) {
    this.#bodies = limits.bodies;
    this.#reader = new HeadReader(limits, socket);
  }

  get empty(): boolean {
    return this.#unread === '' && this.#partial === undefined;
  }

  /** Returns the number of bytes that follow the requests already being read. */
  get unreadBytes(): number {
    return this.#unread.length;
  }

  /** Copies received bytes: the caller reuses their memory. */
  add(bytes: Buffer, length: number): void {
    const own = this.#partial?.body.add(bytes, length) ?? 0;
    if (own === length) return;
    this.addText(bytes.toString('latin1', own, length));
  }

  /** Adds text with one character per byte, while no body is being read. */
  addText(text: string): void {
    this.#unread = this.#unread === '' ? text : this.#unread + text;
  }

  /**
   * Takes the next request; the caller releases its body. 'head' and 'body': more bytes of that part are needed.
   * 'fallback': this reader cannot handle it, and nothing of it was taken.
   */
  next(): Head | 'head' | 'body' | 'fallback' {
    const text = this.#unread;
    if (this.#partial !== undefined) return this.#withBody(this.#partial);
    if (text === '') return 'head';
    const head = this.#reader.read(text);
    if (head === 'more') return 'head';
    if (head === 'fallback') return 'fallback';
    const { length } = this.#reader;
    if (head.bodyBytes > 0) {
      const body = this.#bodies.open(head.bodyBytes);
      if (body === undefined) return 'fallback';
      this.#unread = text.slice(length + body.addText(text, length));
      this.#partial = { head, bytes: Buffer.from(text.slice(0, length), 'latin1'), body };
      return this.#withBody(this.#partial);
    }
    // More than was announced: node:http has its own view of that.
    if (!head.keepAlive && text.length > length) return 'fallback';
    this.#unread = text.length === length ? '' : text.slice(length);
    return head;
  }

  #withBody({ head, body }: PartialRequest): Head | 'body' | 'fallback' {
    if (!body.whole) return 'body';
    if (!head.keepAlive && this.#unread !== '') return 'fallback';
    this.#partial = undefined;
    return { ...head, body };
  }

  /** Removes and returns all bytes as they were received, for the next reader. */
  take(): Buffer {
    const all = Buffer.concat([
      this.#partial?.bytes ?? NOTHING,
      this.#partial?.body.bytes ?? NOTHING,
      Buffer.from(this.#unread, 'latin1'),
    ]);
    this.drop();
    return all;
  }

  drop(): void {
    this.#unread = '';
    this.#partial?.body.drop();
    this.#partial = undefined;
  }
}
