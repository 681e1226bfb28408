import {
  cachePosition,
  countRequest,
  emptyCounts,
  sparseCounts,
  statusPosition,
  type RequestCounts,
} from '@anchor/core/metrics/request-counts.ts';
import type { AccessEntry } from './access-log.ts';

/** The counts of one deployment within one second of the clock. */
export type MetricsRow = readonly [second: number, deploymentId: string, counts: readonly number[]];

/** How long a second waits to be read, and how many rows do at most. */
const HELD_SECONDS = 60;
const MAX_ROWS = 20_000;

/**
 * Counts the requests of a worker by second and deployment, until they are read. Requests without a deployment (unknown
 * hosts) are not counted.
 */
export class RequestMetrics {
  /** Changes when the worker starts again or its clock is set back: a reader's position is of one instance. */
  instance = crypto.randomUUID();
  #second = 0;
  #current = new Map<string, RequestCounts>();
  #rows: MetricsRow[] = [];
  /** Rows that were never read. */
  dropped = 0;

  /** Counts one request. */
  add({ at, deploymentId, status, bytes, ms, cache }: AccessEntry): void {
    if (deploymentId !== undefined)
      countRequest(this.#countsOf(at, deploymentId), statusPosition(status), cachePosition(cache), bytes, ms);
  }

  /** Returns a faster counter for requests that get the same response as `entry`. */
  repeated({ deploymentId, status, bytes, cache }: AccessEntry): (at: number, ms: number) => void {
    if (deploymentId === undefined) return () => undefined;
    const [statusAt, cacheAt] = [statusPosition(status), cachePosition(cache)];
    return (at, ms) => countRequest(this.#countsOf(at, deploymentId), statusAt, cacheAt, bytes, ms);
  }

  /**
   * Returns the rows of all seconds after `after` that are over, and forgets those up to it: they have arrived.
   * `instance`: of which the position `after` is.
   */
  read(
    after: number,
    now: number,
    instance: string = this.instance,
  ): Readonly<{ instance: string; until: number; rows: readonly MetricsRow[] }> {
    this.#turn(Math.floor(now / 1000));
    const position = instance === this.instance ? after : 0;
    this.#rows = this.#rows.filter(([second]) => second > position);
    return { instance: this.instance, until: Math.max(position, this.#rows.at(-1)?.[0] ?? 0), rows: this.#rows };
  }

  #countsOf(at: number, deploymentId: string): RequestCounts {
    const second = Math.floor(at / 1000);
    if (second !== this.#second) this.#turn(second);
    let counts = this.#current.get(deploymentId);
    if (counts === undefined) this.#current.set(deploymentId, (counts = emptyCounts()));
    return counts;
  }

  /**
   * Ends a second. A clock that is set back a little counts on in the last one, so that no row comes before one that was
   * read. After one that was far ahead the counts restart, or nothing would be read until that time.
   */
  #turn(second: number): void {
    if (second < this.#second - HELD_SECONDS) return this.#restart(second);
    if (second <= this.#second) return;
    for (const [deploymentId, counts] of this.#current)
      this.#rows.push([this.#second, deploymentId, sparseCounts(counts)]);
    this.#current = new Map();
    this.#second = second;
    const before = this.#rows.length;
    if (before === 0) return;
    if ((this.#rows[0]?.[0] ?? 0) <= second - HELD_SECONDS)
      this.#rows = this.#rows.filter(([at]) => at > second - HELD_SECONDS);
    if (this.#rows.length > MAX_ROWS) this.#rows = this.#rows.slice(-MAX_ROWS);
    this.dropped += before - this.#rows.length;
  }

  #restart(second: number): void {
    this.instance = crypto.randomUUID();
    this.#second = second;
    this.dropped += this.#rows.length;
    this.#rows = [];
  }
}
