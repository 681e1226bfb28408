import type { Socket } from 'node:net';
import { MAX_HELLO_BYTES, parseClientHello, type ClientHello } from './client-hello.ts';
import { parseProxyHeader, type ProxyHeader } from './proxy-header.ts';

/** `proxy`: what the PROXY header says, where one was due. `unread`: every byte behind it, the hello included. */
export type Opened<Hello> = Readonly<{ proxy: ProxyHeader | undefined; hello: Hello; unread: Buffer }>;

export type OpeningFailure = 'proxy header' | 'not tls' | 'malformed' | 'too large' | 'ended';

type Step<Hello> = Opened<Hello> | OpeningFailure | 'more';

/** `start`: the first bytes, as text. */
type Done<Hello> = (result: Opened<Hello> | OpeningFailure, start: string) => void;

const START = 16;
const FIRST_BYTES = 2_048;

/** Reads a ClientHello, after a PROXY header where one is due. */
export const openTls = (proxied: boolean): ((bytes: Buffer) => Step<ClientHello> | number) => {
  return (bytes) => {
    const header = proxied ? parseProxyHeader(bytes) : undefined;
    if (header?.kind === 'more') return 'more';
    if (header?.kind === 'invalid') return 'proxy header';
    const skip = header?.length ?? 0;
    const unread = bytes.subarray(skip);
    const result = parseClientHello(unread);
    if (result.kind === 'more') return skip + result.needed;
    return result.kind === 'invalid' ? result.reason : { proxy: header, hello: result.hello, unread };
  };
};

/** Reads a PROXY header alone. */
export const openPlain = (bytes: Buffer): Step<undefined> => {
  const header = parseProxyHeader(bytes);
  if (header.kind === 'more') return 'more';
  return header.kind === 'invalid'
    ? 'proxy header'
    : { proxy: header, hello: undefined, unread: bytes.subarray(header.length) };
};

/**
 * Reads what a connection starts with, before it belongs to a protocol. Holds what has arrived in one buffer: a client
 * that sends byte by byte takes no more memory than another.
 */
export class Opening<Hello> {
  readonly socket: Socket;
  readonly #read: (bytes: Buffer) => Step<Hello> | number;
  readonly #done: Done<Hello>;
  #buffer: Buffer = Buffer.alloc(0);
  #length = 0;
  #needed = 1;

  /** `read` returns how many bytes it needs, or 'more' for any. `done` is called once; the socket is paused then. */
  constructor(socket: Socket, read: (bytes: Buffer) => Step<Hello> | number, done: Done<Hello>) {
    this.socket = socket;
    this.#read = read;
    this.#done = done;
  }

  start(): void {
    this.socket.on('data', this.#onData);
    this.socket.on('end', this.#onEnd);
    this.socket.resume();
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#add(chunk);
    if (this.#length < this.#needed) return;
    const bytes = this.#buffer.subarray(0, this.#length);
    const step = this.#read(bytes);
    if (step === 'more') return;
    if (typeof step !== 'number') return this.#finish(step);
    this.#needed = step;
  };

  readonly #onEnd = (): void => this.#finish('ended');

  #add(chunk: Buffer): void {
    if (this.#length === 0) {
      this.#buffer = chunk;
      this.#length = chunk.length;
      return;
    }
    const length = this.#length + chunk.length;
    if (this.#buffer.length < length) {
      const larger = Buffer.allocUnsafe(Math.max(FIRST_BYTES, length, Math.min(length * 2, MAX_HELLO_BYTES)));
      this.#buffer.copy(larger, 0, 0, this.#length);
      this.#buffer = larger;
    }
    chunk.copy(this.#buffer, this.#length);
    this.#length = length;
  }

  #finish(result: Opened<Hello> | OpeningFailure): void {
    const { socket } = this;
    socket.removeListener('data', this.#onData);
    socket.removeListener('end', this.#onEnd);
    socket.pause();
    this.#done(result, this.#buffer.toString('latin1', 0, Math.min(this.#length, START)));
  }
}
