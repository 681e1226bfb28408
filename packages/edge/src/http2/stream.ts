import type { RequestBody } from '../http1/own/request-body.ts';
import { STREAM_WINDOW } from './limits.ts';
import type { Http2Reply } from './reply.ts';
import { ReceiveWindow } from './receive-window.ts';
import type { RequestFields } from './request-head.ts';
import type { Http2Request } from './streamed-request.ts';

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

  /** Ends the stream. Returns how many received bytes were never read. */
  end(): number {
    this.pending?.body.drop();
    this.pending = undefined;
    this.body?.drop();
    const unread = this.request?.abort() ?? 0;
    this.reply.onClosed();
    return unread;
  }
}
