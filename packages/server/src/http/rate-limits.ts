import { clientNetwork } from '@anchor/core/names/client-network.ts';
import { AttemptLimit } from '@anchor/core/sessions/attempt-limit.ts';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';
import type { Limits } from '../settings.ts';
import type { HttpError } from './problem.ts';

/** Limits what one caller may take of the shared server. Held in memory: a restart resets it. */
export type RateLimits = Readonly<{
  /** Returns whether this address may try to sign in now, and counts it. */
  signIn(address: string): Result<void, HttpError>;
  /**
   * Counts a refused change of this caller; false after too many within a minute. Those are no more entries of the audit
   * log, which a token that may change nothing could fill.
   */
  recordsRefusal(caller: string): boolean;
  /** Counts one more event stream of this token, about this project; the returned function ends it. */
  openStream(token: string, projectId?: string): Result<() => void, HttpError>;
  /** Returns whether this token may upload now; `sent` counts the uploaded bytes. */
  openUpload(token: string): Result<Readonly<{ sent(bytes: number): void }>, HttpError>;
  /**
   * Returns the result of an authentication, or `rate_limited` after too many wrong tokens from one address within a
   * minute. Requests without a token (git's first one) and valid tokens pass, so clients behind one proxy do not lock
   * out one another.
   */
  authenticated<T>(
    caller: Readonly<{ address: string | undefined; secret: string | undefined }>,
    result: Result<T>,
  ): Result<T, HttpError>;
}>;

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** Addresses and tokens that are remembered at once. */
const MAX_KEYS = 10_000;

export function createRateLimits(limits: Limits, now: () => number): RateLimits {
  const streams = new Map<string, number>();
  const uploaded = windows(HOUR, now);
  const failures = windows(MINUTE, now);
  const refusals = windows(MINUTE, now);
  const tooMany = (message: string, fix: string, retryAfterSeconds: number): Result<never, HttpError> => ({
    ok: false,
    error: { ...fail('rate_limited', message, fix).error, retryAfterSeconds },
  });
  const signIns = new AttemptLimit(limits.signInsPerMinute, MINUTE, now);
  return {
    signIn(address) {
      const seconds = signIns.attempt(clientNetwork(address));
      return seconds === 0
        ? ok(undefined)
        : tooMany('Too many attempts to sign in from this address', `Retry in ${seconds} s.`, seconds);
    },
    recordsRefusal(caller) {
      refusals.add(caller, 1);
      return refusals.sum(caller) <= limits.refusedPerMinute;
    },
    openStream(token, projectId) {
      const open = streams.get(token) ?? 0;
      if (open >= limits.streamsPerToken)
        return tooMany(
          `This token has ${open} event streams open already`,
          'End some of them, or use another token.',
          5,
        );
      const about = projectId === undefined ? 0 : (streams.get(projectId) ?? 0);
      if (about >= limits.streamsPerProject)
        return tooMany(`The project has ${about} event streams open already`, 'End some of them.', 5);
      const counted = projectId === undefined ? [token] : [token, projectId];
      for (const key of counted) streams.set(key, (streams.get(key) ?? 0) + 1);
      let ended = false;
      return ok(() => {
        if (ended) return;
        ended = true;
        for (const key of counted) {
          const left = (streams.get(key) ?? 1) - 1;
          if (left > 0) streams.set(key, left);
          else streams.delete(key);
        }
      });
    },
    openUpload(token) {
      if (uploaded.sum(token) >= limits.uploadBytesPerHour)
        return tooMany(
          'This token has uploaded too much within the hour',
          'Wait, or deploy from git, which sends only what has changed.',
          uploaded.left(),
        );
      return ok({ sent: (bytes) => uploaded.add(token, bytes) });
    },
    authenticated({ address = '', secret }, result) {
      if (result.ok || result.error.code !== 'unauthenticated' || secret === undefined) return result;
      const client = clientNetwork(address);
      failures.add(client, 1);
      return failures.sum(client) > limits.refusedPerMinute
        ? tooMany(
            'Too many wrong tokens from this address',
            'Wait a minute, then log in with: anchor login',
            failures.left(),
          )
        : result;
    },
  };
}

/** Sums by key, reset with each window of time. */
function windows(lengthMs: number, now: () => number) {
  const sums = new Map<string, { window: number; sum: number }>();
  const current = (): number => Math.floor(now() / lengthMs);
  const sum = (key: string): number => {
    const known = sums.get(key);
    return known?.window === current() ? known.sum : 0;
  };
  return {
    sum,
    /** Seconds until the next window. */
    left: (): number => Math.ceil((lengthMs - (now() % lengthMs)) / 1_000),
    add(key: string, value: number): void {
      if (sums.size >= MAX_KEYS && !sums.has(key)) sums.clear();
      sums.set(key, { window: current(), sum: sum(key) + value });
    },
  };
}
