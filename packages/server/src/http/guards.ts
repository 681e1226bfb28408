import { fail, ok, type Result } from '@anchor/core/result/result.ts';
import type { Limits } from '../settings.ts';
import type { HttpError } from './problem.ts';

/** What one caller may take of a server that all share. Kept in memory: a restart forgets it. */
export type Guards = Readonly<{
  /** One more event stream of this token; the answer ends it. */
  stream(token: string): Result<() => void, HttpError>;
  /** Whether this token may upload now; `sent` counts the bytes that came. */
  upload(token: string): Result<Readonly<{ sent(bytes: number): void }>, HttpError>;
  /**
   * What to answer to whom a token was asked of: after too many wrong ones from an address within a minute no longer why.
   * Who sends none is told to, as git always is first, and good tokens pass: nobody behind the same proxy is locked out.
   */
  answered<T>(caller: Readonly<{ address: string | undefined; authorization: string | undefined }>, answer: Result<T>): Result<T, HttpError>;
}>;

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** Addresses and tokens that are remembered at once. */
const MAX_KEYS = 10_000;

export function createGuards(limits: Limits, now: () => number): Guards {
  const streams = new Map<string, number>();
  const uploaded = windows(HOUR, now);
  const failures = windows(MINUTE, now);
  const tooMany = (message: string, fix: string, retryAfterSeconds: number): Result<never, HttpError> => ({ ok: false, error: { ...fail('rate_limited', message, fix).error, retryAfterSeconds } });
  return {
    stream(token) {
      const open = streams.get(token) ?? 0;
      if (open >= limits.streamsPerToken) return tooMany(`This token has ${open} event streams open already`, 'End some of them, or use another token.', 5);
      streams.set(token, open + 1);
      let ended = false;
      return ok(() => {
        if (ended) return;
        ended = true;
        const left = (streams.get(token) ?? 1) - 1;
        if (left > 0) streams.set(token, left);
        else streams.delete(token);
      });
    },
    upload(token) {
      if (uploaded.sum(token) >= limits.uploadBytesPerHour) return tooMany('This token has uploaded too much within the hour', 'Wait, or deploy from git, which sends only what has changed.', uploaded.left());
      return ok({ sent: (bytes) => uploaded.add(token, bytes) });
    },
    answered({ address = '', authorization }, answer) {
      if (answer.ok || answer.error.code !== 'unauthenticated' || authorization === undefined) return answer;
      failures.add(address, 1);
      return failures.sum(address) > limits.refusedPerMinute ? tooMany('Too many wrong tokens from this address', 'Wait a minute, then log in with: anchor login', failures.left()) : answer;
    },
  };
}

/** Sums by key, begun anew with each window of time. */
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
