import { HeadReader, type Head, type HeadLimits } from './head.ts';
import type { RequestBodies, RequestBody } from './request-body.ts';
import type { RequestSocket } from '../exchange.ts';

/** A request whose body has not come whole. `bytes`: its head. */
type Begun = Readonly<{ head: Head; bytes: Buffer; body: RequestBody }>;

const NOTHING = Buffer.alloc(0);

/** What has come in on a connection and was not yet answered, request by request. */
export class Incoming {
  readonly #bodies: RequestBodies;
  readonly #reader: HeadReader;
  /** One character a byte. */
  #unread = '';
  #begun: Begun | undefined;

  constructor(limits: HeadLimits & Readonly<{ bodies: RequestBodies }>, socket: RequestSocket) {
    this.#bodies = limits.bodies;
    this.#reader = new HeadReader(limits, socket);
  }

  get empty(): boolean {
    return this.#unread === '' && this.#begun === undefined;
  }

  /** Bytes that are not of a request which has begun to be read. */
  get ahead(): number {
    return this.#unread.length;
  }

  /** The memory is not ours to keep. */
  add(bytes: Buffer, length: number): void {
    const own = this.#begun?.body.add(bytes, length) ?? 0;
    if (own === length) return;
    this.addText(bytes.toString('latin1', own, length));
  }

  /** The same of text with one character a byte, where no body is being read. */
  addText(text: string): void {
    this.#unread = this.#unread === '' ? text : this.#unread + text;
  }

  /**
   * Takes the next request; its body is the caller's to drop. 'head' and 'body' say what is still to come, 'odd' that this
   * is not for us to read: then nothing of it was taken.
   */
  next(): Head | 'head' | 'body' | 'odd' {
    const text = this.#unread;
    if (this.#begun !== undefined) return this.#withBody(this.#begun);
    if (text === '') return 'head';
    const head = this.#reader.read(text);
    if (head === 'more') return 'head';
    if (head === 'odd') return 'odd';
    const { length } = this.#reader;
    if (head.bodyBytes > 0) {
      const body = this.#bodies.open(head.bodyBytes);
      if (body === undefined) return 'odd';
      this.#unread = text.slice(length + body.addText(text, length));
      this.#begun = { head, bytes: Buffer.from(text.slice(0, length), 'latin1'), body };
      return this.#withBody(this.#begun);
    }
    // More than was announced: node:http has its own view of that.
    if (!head.keepAlive && text.length > length) return 'odd';
    this.#unread = text.length === length ? '' : text.slice(length);
    return head;
  }

  #withBody({ head, body }: Begun): Head | 'body' | 'odd' {
    if (!body.whole) return 'body';
    if (!head.keepAlive && this.#unread !== '') return 'odd';
    this.#begun = undefined;
    return { ...head, body };
  }

  /** All of it, as it came, for who reads on. */
  take(): Buffer {
    const all = Buffer.concat([this.#begun?.bytes ?? NOTHING, this.#begun?.body.bytes ?? NOTHING, Buffer.from(this.#unread, 'latin1')]);
    this.drop();
    return all;
  }

  drop(): void {
    this.#unread = '';
    this.#begun?.body.drop();
    this.#begun = undefined;
  }
}
