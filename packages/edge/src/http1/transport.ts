import type { CacheResult } from '../observability/access-log.ts';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { DeploymentId } from '@anchor/core/names/id.ts';
import type { Variant } from './variant.ts';
import type { CachedBytes } from '../util/cached-bytes.ts';
import type { Target } from '../http/request-target.ts';

/** The head of a request as node:http parses it. The edge's own reader (own/) returns the same shape. */
export type RequestHead = Readonly<
  Pick<
    IncomingMessage,
    'method' | 'url' | 'httpVersionMajor' | 'httpVersionMinor' | 'headers' | 'rawHeaders' | 'complete'
  > & { socket: RequestSocket }
> & {
  /** Cached with the head: a client that sends the same head again is not parsed again. */
  address?: Address;
  /** It arrived over HTTP/2: a request line in HTTP/1.1 may claim any version. */
  readonly http2?: boolean;
};

/** The address in request line and Host header. `target` undefined: the path must be requested as `redirect`. */
export type Address =
  | Readonly<{ kind: 'refused'; reason: string; status: number }>
  | Readonly<{ kind: 'ok'; header: string; host: string; target: Target | undefined; redirect: string }>;

/**
 * `encrypted`: the client connected with TLS. `covers`: returns whether the certificate of the connection is for a host;
 * undefined without TLS. `destroy` closes the connection; over HTTP/2 it ends one stream of it.
 */
export type RequestSocket = {
  readonly remoteAddress?: string | undefined;
  readonly encrypted?: boolean | undefined;
  readonly covers?: ((host: string) => boolean) | undefined;
  destroy(): unknown;
};

/** Returns whether the client speaks HTTP/1.0, which has neither chunked bodies nor interim responses. */
export const isHttp10 = (req: Pick<RequestHead, 'httpVersionMajor' | 'httpVersionMinor'>): boolean =>
  req.httpVersionMajor === 1 && req.httpVersionMinor === 0;

/** Where a response is written: node:http's ServerResponse, or the edge's own writer (own/). */
export interface Reply {
  readonly statusCode: number;
  readonly headersSent: boolean;
  readonly destroyed: boolean;
  /** Whether everything has left; absent where that is not known. */
  readonly writableFinished?: boolean;
  shouldKeepAlive: boolean;
  /** Adds a header to the head that is written later, unless that has one of this name. Called once a response. */
  setHeader(name: string, value: string): unknown;
  /** Writes the head. `headers` are flat: name, value, name, value. Throws for what cannot be written. */
  writeHead(status: number, headers: string[]): unknown;
  /** Returns false when the caller has to wait for 'drain'. */
  write(chunk: Buffer): boolean;
  end(): unknown;
  /** Ends the response. A string has one character per byte. */
  end(bytes: Buffer | string, encoding: 'latin1'): unknown;
  destroy(): unknown;
  /** Sets how long the connection may stall until this response has ended, in milliseconds. */
  setTimeout(ms: number): unknown;
  /** Sends a whole stored response at once. False, or absent: it must be sent in parts. */
  sendPrebuilt?(exchange: Exchange, status: number, variant: Variant, content: CachedBytes): boolean;
  on(event: 'drain' | 'close' | 'finish', listener: () => void): unknown;
  once(event: 'drain' | 'close' | 'finish', listener: () => void): unknown;
}

/** One request and its response, from the first byte to the log line. */
export type Exchange<Req extends RequestHead = RequestHead, Res extends Reply = Reply> = {
  readonly req: Req;
  readonly res: Res;
  readonly requestId: string;
  readonly startedAt: number;
  host: string;
  ip: string;
  trusted: boolean;
  target: Target | undefined;
  deploymentId: DeploymentId | undefined;
  cache: CacheResult;
  /** Body bytes of the response. */
  bytes: number;
  /** The client waits for "100 Continue" before it sends its body. */
  expectsContinue: boolean;
  /** Called once, when the exchange ends. */
  leave?: (() => void) | undefined;
  done: boolean;
};

/** An exchange over node:http. */
export type NodeExchange = Exchange<IncomingMessage, ServerResponse>;

/** A request whose body arrives while it is handled: node:http's IncomingMessage, or one of the edge's own (http2/). */
export type StreamedRequest = RequestHead & {
  readonly socket: RequestSocket & { readonly writableNeedDrain: boolean };
  readonly rawTrailers: readonly string[];
  /** The body has no declared length and no transfer coding, which only HTTP/2 allows. */
  readonly hasUndeclaredBody?: boolean;
  pause(): unknown;
  resume(): unknown;
  destroy(): unknown;
  on(event: 'data', listener: (chunk: Buffer) => void): unknown;
  on(event: 'end' | 'error', listener: () => void): unknown;
};

/** The response to a StreamedRequest. */
export interface StreamedReply extends Reply {
  readonly writableEnded: boolean;
  writeHead(status: number, headers: string[]): unknown;
  writeHead(status: number, reason: string, headers: string[]): unknown;
  /** Writes an interim response (1xx). Throws for what cannot be written. */
  writeInformation(status: number, headers: string[]): unknown;
  writeContinue(): unknown;
  flushHeaders(): unknown;
  addTrailers(trailers: [string, string][]): unknown;
}

/** An exchange whose request body is streamed, over node:http or HTTP/2. */
export type StreamedExchange = Exchange<StreamedRequest, StreamedReply>;
