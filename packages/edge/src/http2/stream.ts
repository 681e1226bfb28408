import type { RequestBody } from '../http1/own/request-body.ts';
import type { Http2Reply } from './reply.ts';
import { ReceiveWindow } from './receive-window.ts';
import type { RequestFields } from './request-head.ts';
import type { Http2Request } from './streamed-request.ts';

/** How much of a request's body a client may send before its function reads any of it. */
export const STREAM_WINDOW = 256 * 1024;

/** An open stream: a request whose response has not been sent whole. */
export class Http2Stream {
  readonly id: number;
  readonly reply: Http2Reply;
  /** The request has arrived whole. */
  complete: boolean;
  readonly window = new ReceiveWindow(STREAM_WINDOW);
  /** The head of a request whose body is being buffered. */
  pending: Readonly<{ fields: RequestFields; body: RequestBody; deadline: number }> | undefined;
  /** The body of a request that is handled. */
  body: RequestBody | undefined;
  /** The request, once it is handled while its body arrives. */
  request: Http2Request | undefined;
  readonly #declared: number | undefined;
  #received = 0;

  constructor(id: number, reply: Http2Reply, complete: boolean, declared: number | undefined) {
    this.id = id;
    this.reply = reply;
    this.complete = complete;
    this.#declared = declared;
  }

  /** Counts bytes of the body. Returns false when they contradict the declared length. */
  count(bytes: number, end: boolean): boolean {
    this.#received += bytes;
    if (this.#declared === undefined) return true;
    return end ? this.#received === this.#declared : this.#received <= this.#declared;
  }
}
