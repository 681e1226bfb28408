import type { AnchorError } from '@anchor/core/result/result.ts';
import type { Problem } from '../error-pages/error-page.ts';
import {
  functionGone,
  functionTimedOut,
  internal,
  startFailed,
  startTimedOut,
  tooLarge,
  visitorTimedOut,
} from '../error-pages/problems.ts';
import type { EdgeSettings } from '../util/settings.ts';

/** Why a request to a function ended without its whole response. */
export type UpstreamFailure = Readonly<
  /** No instance could be had. */
  | { kind: 'not started'; error: AnchorError | 'timeout' }
  /** The function was silent for too long. */
  | { kind: 'timed out'; limitMs: number }
  /** The client did not send the rest of its request. */
  | { kind: 'client timed out' }
  | { kind: 'too large' }
  /** The connection ended, or its response cannot be passed on. */
  | { kind: 'gone'; cause: string }
  /** The response had started: all that is left is to close the client's connection. */
  | { kind: 'broken' }
  /** The client closed its connection. */
  | { kind: 'left' }
  | { kind: 'internal' }
>;

const RETRY_SOON = ['retry-after', '5'];
const CLOSE = ['connection', 'close'];

/** Returns the error page of a failure, and headers that belong to it; undefined where no response can be sent. */
export function problemOf(
  failure: UpstreamFailure,
  { startMs, idleMs, maxBodyBytes }: EdgeSettings,
): Readonly<{ problem: Problem; headers?: readonly string[] }> | undefined {
  switch (failure.kind) {
    case 'not started':
      return {
        problem: failure.error === 'timeout' ? startTimedOut(Math.round(startMs / 1000)) : startFailed(failure.error),
        headers: RETRY_SOON,
      };
    case 'timed out':
      return { problem: functionTimedOut(failure.limitMs) };
    case 'client timed out':
      return { problem: visitorTimedOut(idleMs), headers: CLOSE };
    case 'too large':
      return { problem: tooLarge(maxBodyBytes), headers: CLOSE };
    case 'gone':
      return { problem: functionGone(failure.cause) };
    case 'internal':
      return { problem: internal() };
    case 'broken':
    case 'left':
      return undefined;
  }
}
