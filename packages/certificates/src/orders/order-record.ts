import type { AnchorError } from '@anchor/core/result/result.ts';
import type { OrderRecord } from '../records/records.ts';
import type { OrderFailure } from './order-failure.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** How long to wait after the first, second … failure. The last one repeats. */
const BACKOFF = [MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, 24 * HOUR] as const;
/** Failed validations at one CA after which the next CA is tried. */
const FAILURES_PER_AUTHORITY = 3;

/** Returns the wait after so many failures in a row, at least one. */
export const backoff = (failures: number): number => BACKOFF[Math.min(failures, BACKOFF.length) - 1] ?? BACKOFF[0];

/** Creates an order that was not sent yet. */
export const newOrder = (
  names: readonly string[],
  reason: OrderRecord['reason'],
  authority: string,
  now: number,
): OrderRecord => ({
  names: [...new Set(names)].sort(),
  reason,
  since: now,
  authority,
  step: 'queued',
  challenges: [],
  failures: 0,
  failuresHere: 0,
  nextAt: now,
  blocked: {},
});

/**
 * Returns the order after a failure: back to the first step, at the CA that is next, with the time of the next try. A
 * CA that is down or over its limit is left alone for its Retry-After; another one is tried at once.
 */
export function failedOrder(
  order: OrderRecord,
  failure: OrderFailure,
  authorities: readonly string[],
  now: number,
): OrderRecord {
  const failures = order.failures + 1;
  const failuresHere = order.failuresHere + 1;
  const wait = Math.max(backoff(failuresHere), failure.retryAfterMs ?? 0);
  const stays = failure.kind === 'validation' && failuresHere % FAILURES_PER_AUTHORITY !== 0;
  // A fixed site may be retried at once; the Retry-After of a CA holds.
  const rest = { validation: failure.retryAfterMs ?? 0, authority: wait, final: 24 * HOUR }[failure.kind];
  const blocked = { ...order.blocked, [order.authority]: now + rest };
  const authority = stays ? order.authority : nextAuthority(order.authority, authorities, blocked);
  const moved = authority !== order.authority;
  return {
    ...newOrder(order.names, order.reason, authority, now),
    since: order.since,
    failures,
    failuresHere: moved ? 0 : failuresHere,
    failure: failure.error,
    failedAt: now,
    // A move after failed validations still waits: the cause is mostly at the site.
    nextAt: failure.kind === 'validation' ? now + wait : Math.max(now, blocked[authority] ?? 0),
    blocked,
    ...(order.unconfirmed === undefined ? {} : { unconfirmed: order.unconfirmed }),
  };
}

/** Returns the order with what is known of a lost response: whether this CA may have an order that is unknown here. */
export const confirmedAt = (order: OrderRecord, authority: string, confirmed: boolean): OrderRecord => {
  const others = (order.unconfirmed ?? []).filter((name) => name !== authority);
  return { ...order, unconfirmed: confirmed ? others : [...others, authority] };
};

/** Returns the CA that is free first, and of those that are free the one after `current`. */
function nextAuthority(current: string, all: readonly string[], blocked: Readonly<Record<string, number>>): string {
  const from = all.indexOf(current) + 1;
  const order = [...all.slice(from), ...all.slice(0, from)];
  return order.toSorted((a, b) => (blocked[a] ?? 0) - (blocked[b] ?? 0))[0] ?? current;
}

/** Returns the order while a budget of our own is used up. A failure of the CA stays: it says more. */
export const delayedOrder = (order: OrderRecord, error: AnchorError, retryAt: number, now: number): OrderRecord =>
  order.failures > 0
    ? { ...order, nextAt: retryAt }
    : { ...order, failure: error, failedAt: order.failedAt ?? now, nextAt: retryAt };

/** Returns the order where it is, to be continued later: the CA or the DNS provider did not respond. */
export const interruptedOrder = (
  order: OrderRecord,
  { error, retryAfterMs }: OrderFailure,
  now: number,
): OrderRecord => ({
  ...order,
  failures: order.failures + 1,
  failuresHere: order.failuresHere + 1,
  failure: error,
  failedAt: now,
  nextAt: now + Math.max(backoff(order.failuresHere + 1), retryAfterMs ?? 0),
});
