/**
 * Counts of requests, as edge workers pass them on and as they are stored: an array of numbers, so that counting,
 * adding up and writing need to know no names. Positions never change: stored rows of earlier versions have them too.
 */

/** How a response was produced, in the order of the counts. */
export const CACHE_RESULTS = ['STATIC', 'HIT', 'STALE', 'MISS', 'DYNAMIC', 'REDIRECT', 'ERROR'] as const;
export type CacheResult = (typeof CACHE_RESULTS)[number];

/** Requests by the first digit of their status, 1 to 5, from here on. */
const STATUS = 0;
const STATUS_CLASSES = 5;
/** Requests by `CACHE_RESULTS`, from here on. */
const CACHE = STATUS + STATUS_CLASSES;
const BYTES = CACHE + CACHE_RESULTS.length;
/** The sum of all durations, in microseconds: counts are whole numbers. */
const MICROSECONDS = BYTES + 1;
/** Requests by duration, from here on. */
const LATENCY = MICROSECONDS + 1;

/** Four buckets per doubling: a quantile is off by at most 19 %. */
const PER_OCTAVE = 4;
const FIRST_MS = 0.25;
/** The last one is open: 0.25 ms × 2^(71 / 4) is 55 s. */
const LATENCY_BUCKETS = 72;

const LENGTH = LATENCY + LATENCY_BUCKETS;

export type RequestCounts = Float64Array;
export const emptyCounts = (): RequestCounts => new Float64Array(LENGTH);

/** Positions in the counts that a request of this kind raises by one. */
export const statusPosition = (status: number): number =>
  STATUS + Math.min(Math.max(Math.floor(status / 100), 1), STATUS_CLASSES) - 1;
export const cachePosition = (result: CacheResult): number => CACHE + CACHE_RESULTS.indexOf(result);

/** `status` and `cache`: positions of the request. */
export function countRequest(counts: RequestCounts, status: number, cache: number, bytes: number, ms: number): void {
  const bucket = ms <= FIRST_MS ? 0 : Math.min(Math.ceil(Math.log2(ms / FIRST_MS) * PER_OCTAVE), LATENCY_BUCKETS - 1);
  raise(counts, status, 1);
  raise(counts, cache, 1);
  raise(counts, BYTES, bytes);
  raise(counts, MICROSECONDS, Math.round(ms * 1000));
  raise(counts, LATENCY + bucket, 1);
}

const raise = (counts: RequestCounts, at: number, by: number): void => {
  counts[at] = (counts[at] ?? 0) + by;
};

export function addCounts(to: RequestCounts, more: RequestCounts): void {
  for (let i = 0; i < LENGTH; i++) raise(to, i, more[i] ?? 0);
}

/** Returns positions and values of what is not zero, alternating. */
export function sparseCounts(counts: RequestCounts): number[] {
  const sparse: number[] = [];
  counts.forEach((value, at) => {
    if (value !== 0) sparse.push(at, value);
  });
  return sparse;
}

/** Reads what `sparseCounts` returned; positions that this version does not know are left out. */
export function countsOf(sparse: readonly number[]): RequestCounts {
  const counts = emptyCounts();
  for (let i = 0; i + 1 < sparse.length; i += 2) {
    const [at = -1, value = 0] = [sparse[i], sparse[i + 1]];
    if (Number.isInteger(at) && at >= 0 && at < LENGTH && Number.isFinite(value) && value >= 0)
      raise(counts, at, value);
  }
  return counts;
}

/** Encodes counts in some tens of bytes: of what is not zero, the distance to the last position, and the value. */
export function encodeCounts(counts: RequestCounts): Uint8Array<ArrayBuffer> {
  const bytes: number[] = [];
  let last = 0;
  counts.forEach((value, at) => {
    if (value === 0) return;
    pushVarint(bytes, at - last);
    pushVarint(bytes, Math.round(value));
    last = at;
  });
  return Uint8Array.from(bytes);
}

function pushVarint(bytes: number[], value: number): void {
  let left = value;
  for (; left >= 0x80; left = Math.floor(left / 0x80)) bytes.push((left % 0x80) | 0x80);
  bytes.push(left);
}

/** Reads what `encodeCounts` wrote. Never throws: what is cut off is missing. */
export function decodeCounts(bytes: Uint8Array): RequestCounts {
  const counts = emptyCounts();
  addEncodedCounts(counts, bytes);
  return counts;
}

/** Adds what `encodeCounts` wrote: sums of ten thousands of rows allocate nothing. */
export function addEncodedCounts(to: RequestCounts, bytes: Uint8Array): void {
  let value = 0;
  let factor = 1;
  let at = 0;
  let isPosition = true;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] ?? 0;
    value += (byte & 0x7f) * factor;
    factor *= 0x80;
    if (byte >= 0x80) continue;
    if (isPosition) at += value;
    // Positions that this version does not know are left out.
    else if (at < LENGTH && Number.isFinite(value)) raise(to, at, value);
    isPosition = !isPosition;
    [value, factor] = [0, 1];
  }
}

/** What counts say, with names. Times in milliseconds; undefined where nothing was counted. */
export type RequestSummary = Readonly<{
  requests: number;
  /** By the first digit of the status: 2 to 5. */
  byStatus: Readonly<{ success: number; redirect: number; clientError: number; serverError: number }>;
  /** Requests by how their response was produced. */
  byCache: Readonly<Record<CacheResult, number>>;
  bytes: number;
  /** The sum of all durations. */
  milliseconds: number;
  p50: number | undefined;
  p95: number | undefined;
  p99: number | undefined;
}>;

export function summarize(counts: RequestCounts): RequestSummary {
  const of = (at: number): number => counts[at] ?? 0;
  const [information = 0, success = 0, redirect = 0, clientError = 0, serverError = 0] = counts.subarray(STATUS, CACHE);
  const requests = information + success + redirect + clientError + serverError;
  return {
    requests,
    byStatus: { success: success + information, redirect, clientError, serverError },
    byCache: {
      STATIC: of(cachePosition('STATIC')),
      HIT: of(cachePosition('HIT')),
      STALE: of(cachePosition('STALE')),
      MISS: of(cachePosition('MISS')),
      DYNAMIC: of(cachePosition('DYNAMIC')),
      REDIRECT: of(cachePosition('REDIRECT')),
      ERROR: of(cachePosition('ERROR')),
    },
    bytes: of(BYTES),
    milliseconds: of(MICROSECONDS) / 1000,
    p50: quantile(counts, requests, 0.5),
    p95: quantile(counts, requests, 0.95),
    p99: quantile(counts, requests, 0.99),
  };
}

/** Returns the duration that this share of the requests did not exceed, in milliseconds, between two bounds. */
function quantile(counts: RequestCounts, requests: number, share: number): number | undefined {
  if (requests === 0) return undefined;
  const wanted = share * requests;
  let seen = 0;
  for (let bucket = 0; bucket < LATENCY_BUCKETS; bucket++) {
    const here = counts[LATENCY + bucket] ?? 0;
    if (here > 0 && seen + here >= wanted) {
      const low = bucket === 0 ? 0 : upperMs(bucket - 1);
      return low + ((upperMs(bucket) - low) * Math.max(wanted - seen, 0)) / here;
    }
    seen += here;
  }
  return upperMs(LATENCY_BUCKETS - 1);
}

const upperMs = (bucket: number): number => FIRST_MS * 2 ** (bucket / PER_OCTAVE);

/** Returns how many requests took at most so long; `ms` counts as the next bound of a bucket below it. */
export function requestsWithin(counts: RequestCounts, ms: number): number {
  let seen = 0;
  for (let bucket = 0; bucket < LATENCY_BUCKETS - 1 && upperMs(bucket) <= ms; bucket++)
    seen += counts[LATENCY + bucket] ?? 0;
  return seen;
}
