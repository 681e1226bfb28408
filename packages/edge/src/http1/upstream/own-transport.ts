import type { UpstreamConnection, UpstreamUser } from './connection.ts';
import type { Piece } from './chunked.ts';
import { ResponseBodyDecoder } from './response-body.ts';
import { MAX_RESPONSE_HEAD, parseResponseHead, type ResponseHead } from './response-head.ts';
import {
  MAX_INTERIM,
  SWITCHED_PROTOCOLS,
  TOO_MANY_INTERIM,
  type TransportError,
  type TransportUser,
  type UpstreamTransport,
} from './transport.ts';

export interface OwnTransportUser extends TransportUser {
  /** Receives the head. `first` is what of the body arrived with it; undefined while the body is still to come. */
  head(head: ResponseHead, first: Buffer | undefined): void;
  /** Receives bytes of the body without their framing. */
  content(bytes: Buffer): void;
  /** Receives the same bytes as they are framed for the client, after `content`. `done`: the response is complete. */
  framed(pieces: readonly Piece[], done: boolean): void;
}

/** More chunks of a head than any server sends. */
const MAX_PIECES = 512;

/** Sends a request that the edge parsed itself, and parses the response. */
export class OwnTransport implements UpstreamTransport, UpstreamUser {
  readonly #up: UpstreamConnection;
  readonly #method: string;
  /** Whether another request may follow on the connection. */
  readonly #keepAlive: boolean;
  readonly #user: OwnTransportUser;
  #unread: Buffer | undefined;
  #pieces = 0;
  #interim = 0;
  /** Set once the response's head is complete. */
  #body: ResponseBodyDecoder | undefined;
  #keepMs = 0;
  /** The part of the body that arrived with the head. */
  #first: Buffer | undefined;
  #open = true;

  constructor(up: UpstreamConnection, method: string, keepAlive: boolean, user: OwnTransportUser) {
    this.#up = up;
    this.#method = method;
    this.#keepAlive = keepAlive;
    this.#user = user;
    up.use(this);
  }

  get connected(): boolean {
    return this.#up.connected;
  }

  get reused(): boolean {
    return this.#up.reused;
  }

  get received(): boolean {
    return this.#pieces > 0;
  }

  /** Sends the whole request. `head` lacks the Connection header and the empty line. */
  send(head: string, body: Buffer | undefined): void {
    const { socket } = this.#up;
    if (body !== undefined) socket.cork();
    socket.write(`${head}Connection: ${this.#keepAlive ? 'keep-alive' : 'close'}\r\n\r\n`, 'latin1');
    if (body === undefined) return;
    socket.write(body);
    socket.uncork();
  }

  pause(): void {
    if (this.#open) this.#up.socket.pause();
  }

  resume(): void {
    if (this.#open) this.#up.socket.resume();
  }

  discard(): void {
    // Its body is not read: the connection can only be reused when it has none.
    if (this.#body?.empty === true && this.#first?.length === 0) this.#release(this.#keepMs);
    else this.abandon();
  }

  abandon(): void {
    this.#open = false;
    this.#up.abandon();
  }

  data(bytes: Buffer): void {
    if (this.#body !== undefined) return this.#feed(this.#body, bytes);
    let rest = this.#unread === undefined ? bytes : Buffer.concat([this.#unread, bytes]);
    this.#unread = undefined;
    for (;;) {
      const end = rest.indexOf('\r\n\r\n');
      if (++this.#pieces > MAX_PIECES) return this.#reject('its response has too many chunks');
      const head = parseResponseHead(
        rest.toString('latin1', 0, end === -1 ? MAX_RESPONSE_HEAD : end + 4),
        this.#method,
      );
      if (head === 'more') return void (this.#unread = rest);
      if ('error' in head) return this.#reject(head.error);
      rest = rest.subarray(head.length);
      if (head.status >= 200) return this.#begin(head, rest);
      if (head.status === 101) return this.#reject(SWITCHED_PROTOCOLS);
      if (++this.#interim > MAX_INTERIM) return this.#reject(TOO_MANY_INTERIM);
      this.#user.interim(head.status, head.reason, head.raw);
      if (rest.length === 0) return;
    }
  }

  #begin(head: ResponseHead, rest: Buffer): void {
    const body = new ResponseBodyDecoder(head.framing);
    this.#body = body;
    this.#keepMs = this.#keepAlive ? head.keepMs : 0;
    this.#first = rest.length > 0 || body.empty ? rest : undefined;
    this.#user.head(head, this.#first);
    if (this.#first !== undefined && this.#open) this.#feed(body, this.#first);
    this.#first = undefined;
  }

  #feed(body: ResponseBodyDecoder, bytes: Buffer): void {
    const fed = body.decode(bytes, this.#content);
    if (fed === undefined) return this.#reject('its body is malformed');
    if (!this.#open) return;
    if (fed.done) this.#release(body.extraBytes ? 0 : this.#keepMs);
    this.#user.framed(fed.pieces, fed.done);
  }

  readonly #content = (bytes: Buffer): void => this.#user.content(bytes);

  ended(): void {
    // Only a body without an end of its own ends with the connection; else `gone` follows.
    const last = this.#body?.end();
    if (last === undefined) return;
    this.abandon();
    this.#user.framed(last, true);
  }

  gone(error: TransportError): void {
    this.#open = false;
    this.#user.gone(error);
  }

  #reject(why: string): void {
    this.abandon();
    this.#user.rejected(why);
  }

  /** Releases the connection. `keepMs`: how long it may be reused; 0 when it may not. */
  #release(keepMs: number): void {
    if (keepMs === 0) return this.abandon();
    this.#open = false;
    this.#up.release(keepMs);
  }
}
