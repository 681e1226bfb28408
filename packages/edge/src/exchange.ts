import type { IncomingMessage, ServerResponse } from 'node:http';
import type { DeploymentId } from '@anchor/core/names/id.ts';
import type { Target } from './http/target.ts';

/** How an answer came about, as `x-anchor-cache` tells it and the access log keeps it. */
export type CacheResult = 'STATIC' | 'HIT' | 'STALE' | 'MISS' | 'DYNAMIC' | 'REDIRECT' | 'ERROR';

/** One request and its answer, from the first byte to the log line. */
export type Exchange = {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
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
