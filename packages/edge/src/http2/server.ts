import type { ClientAddress } from '../http/client-address.ts';
import type { Problem } from '../error-pages/error-page.ts';
import type { RequestBodies } from '../http1/own/request-body.ts';
import type { Head } from '../http1/own/request-head.ts';
import type { RequestMemo } from '../http1/own/request-memo.ts';
import type { RequestHead, RequestSocket } from '../http1/transport.ts';
import type { PrebuiltHttp2Responses } from './prebuilt-responses.ts';
import type { Http2Reply } from './reply.ts';
import type { Http2Request } from './streamed-request.ts';

/** The part of the server that a connection uses. */
export type Http2Server = Readonly<{
  maxHeaderBytes: number;
  maxHeaders: number;
  /** How long a header block, and the client's first settings, may take to arrive. */
  headersMs: number;
  bodies: RequestBodies;
  /** How long a buffered request body may take to arrive. */
  bodyMs: number;
  keepAliveMs: number;
  /** How long a response may stall. */
  stallTimeoutMs: number;
  prebuilt: PrebuiltHttp2Responses;
  memo: RequestMemo;
  /** Returns the client's address as the connection itself has it. */
  clientAddress(socket: RequestSocket): ClientAddress;
  /** `performance.now()` as of the last deadline check, and a little ahead of it. */
  time: { now: number };
  /** Handles a request that has arrived whole. Must not throw. */
  handle(head: Head, reply: Http2Reply): void;
  /** Handles a request whose body is still arriving, or with an unusual method. Must not throw. */
  handleStreamed(req: Http2Request, reply: Http2Reply, expectsContinue: boolean): void;
  /** Responds to a request that cannot be served. */
  reject(req: RequestHead, reply: Http2Reply, problem: Problem): void;
}>;
