import type { DomainState } from './domain.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
/** After a change at a DNS provider most servers follow within seconds, the others within the TTL. */
const DELAYS: readonly number[] = [
  10 * SECOND,
  30 * SECOND,
  MINUTE,
  2 * MINUTE,
  5 * MINUTE,
  10 * MINUTE,
  15 * MINUTE,
  30 * MINUTE,
  HOUR,
];
/** After two days of hourly checks the change is no longer expected soon. */
const FAST_CHECKS = DELAYS.length + 48;
const ISSUE_POLL_MS = 2 * SECOND;
const ACTIVE_MS = 6 * HOUR;

/**
 * Returns how long (milliseconds) until a domain is checked again. `attempts`: checks since the state was entered. An
 * order in flight is followed closely: that costs no lookup.
 */
export function delayOf(state: DomainState, attempts: number): number {
  if (state === 'issuing' || state === 'renewing') return attempts < 30 ? ISSUE_POLL_MS : MINUTE;
  if (state === 'active') return ACTIVE_MS;
  if (attempts >= FAST_CHECKS) return ACTIVE_MS;
  return DELAYS[Math.min(attempts, DELAYS.length - 1)] ?? HOUR;
}
