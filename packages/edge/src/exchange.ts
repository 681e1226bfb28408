import type { IncomingMessage, ServerResponse } from 'node:http';
import type { DeploymentId } from '@anchor/core/names/id.ts';
import type { Variant } from './assets/asset.ts';
import type { Kept } from './assets/memory.ts';
import type { Target } from './http/target.ts';

/** How an answer came about, as `x-anchor-cache` tells it and the access log keeps it. */
export type CacheResult = 'STATIC' | 'HIT' | 'STALE' | 'MISS' | 'DYNAMIC' | 'REDIRECT' | 'ERROR';

/** The head of a request, as node:http gives it. The edge's own reader (wire/) gives the same. */
export type RequestHead = Readonly<Pick<IncomingMessage, 'method' | 'url' | 'httpVersionMajor' | 'httpVersionMinor' | 'headers' | 'rawHeaders' | 'complete'> & { socket: RequestSocket }> & {
  /** Kept with the head: a client that sends the same again is not read again. */
  address?: Address;
};

/** What the request line and Host header say by themselves. `target` undefined: the path is to be written as `redirect`. */
export type Address =
  | Readonly<{ kind: 'refused'; reason: string; status: number }>
  | Readonly<{ kind: 'ok'; header: string; host: string; target: Target | undefined; redirect: string }>;

export type RequestSocket = { readonly remoteAddress?: string | undefined; destroy(): unknown };

/** Where an answer is written: node:http's ServerResponse, or the edge's own writer (wire/). */
export interface Reply {
  readonly statusCode: number;
  readonly headersSent: boolean;
  readonly destroyed: boolean;
  shouldKeepAlive: boolean;
  /** `headers` are flat: name, value, name, value. Throws for what can not be written. */
  writeHead(status: number, headers: string[]): unknown;
  /** False: wait for 'drain'. */
  write(chunk: Buffer): boolean;
  end(): unknown;
  /** A string has one character a byte. */
  end(bytes: Buffer | string, encoding: 'latin1'): unknown;
  destroy(): unknown;
  /** How long the connection may stand still until this answer has ended, in milliseconds. */
  setTimeout(ms: number): unknown;
  /** Sends all of a stored answer at once. False: it has to be sent in parts. Where it is missing, too. */
  whole?(exchange: Exchange, status: number, variant: Variant, kept: Kept): boolean;
  on(event: 'drain' | 'close' | 'finish', listener: () => void): unknown;
  once(event: 'drain' | 'close' | 'finish', listener: () => void): unknown;
}

/** One request and its answer, from the first byte to the log line. */
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
  /** Body bytes of the answer. */
  bytes: number;
  /** The client waits for "100 Continue" before it sends its body. */
  expectsContinue: boolean;
  done: boolean;
};

/** One that came in through node:http. */
export type NodeExchange = Exchange<IncomingMessage, ServerResponse>;

/** Writes the line of an answer that was given before: what stays the same was taken in once. */
export type RepeatedLine = (at: number, requestId: string, ms: number, ip: string) => void;

/** A line of the access log. `path` without the query, which may hold secrets; `ms` from the request's head to the answer's end. */
export type AccessEntry = Readonly<{
  at: number;
  requestId: string;
  host: string;
  deploymentId: string | undefined;
  method: string;
  path: string;
  status: number;
  bytes: number;
  ms: number;
  cache: CacheResult;
  userAgent: string;
  ip: string;
}>;
