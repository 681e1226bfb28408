/** The longest delay that a header can cause. */
const LONGEST_MS = 365 * 86_400_000;

/**
 * Reads a Retry-After header (RFC 9110, section 10.2.3): seconds, or a date that is compared with the response's own
 * Date, so that a wrong clock here changes nothing. Returns milliseconds; undefined when absent or malformed.
 */
export function parseRetryAfter(value: string | undefined, date: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d{1,12}$/.test(value.trim())) return Math.min(Number(value) * 1000, LONGEST_MS);
  const until = /^[A-Z][a-z]{2,8}, ?\d/.test(value) ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(until)) return undefined;
  const sent = date === undefined ? Number.NaN : Date.parse(date);
  return Math.min(Math.max(until - (Number.isNaN(sent) ? Date.now() : sent), 0), LONGEST_MS);
}
