import type { DeploymentId } from '@anchor/core/names/id.ts';
import type { CacheResult, AccessLogTemplate } from '../../observability/access-log.ts';
import type { PrebuiltResponse } from './prebuilt-responses.ts';

/** Browsers with many cookies send longer requests than this, and seldom the same twice. */
export const MAX_MEMO_KEY_BYTES = 4096;

/** A response to a request that is identical byte for byte to an earlier one. */
export type MemoHit = {
  /** The host that was requested. */
  readonly host: string;
  readonly response: PrebuiltResponse;
  readonly deploymentId: DeploymentId;
  readonly cache: CacheResult;
  readonly logLine: AccessLogTemplate;
};

/** Responses by raw request bytes. A connection looks requests up before it parses them. */
export interface RequestMemo {
  /** Returns the response for exactly this text (one character per byte); undefined: the request must be parsed. */
  lookup(text: string): MemoHit | undefined;
  /** Counts and logs a hit after it was sent. `startedAt` is a `performance.now()`. */
  recordHit(hit: MemoHit, requestId: string, startedAt: number, ip: string): void;
  /** Starts an epoch: each entry takes the slow path once. */
  nextEpoch(): void;
}
