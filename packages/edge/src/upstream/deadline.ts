import type { Reply } from '../http1/transport.ts';
import { stallTimeoutMs, type EdgeSettings } from '../util/settings.ts';

/** Calls back once, unless it is set again before that. The edge's own response writer is one. */
export interface Deadline {
  /** Replaces the deadline by one in `ms`. Without a callback there is none. */
  setDeadline(ms: number, onTimeout: (() => void) | undefined): void;
}

/** Implements a deadline with a timer of its own. */
export class TimerDeadline implements Deadline {
  #timer: NodeJS.Timeout | undefined;
  #ms = 0;
  #onTimeout: (() => void) | undefined;

  setDeadline(ms: number, onTimeout: (() => void) | undefined): void {
    if (this.#timer !== undefined && ms === this.#ms && onTimeout === this.#onTimeout)
      return void this.#timer.refresh();
    clearTimeout(this.#timer);
    this.#timer = onTimeout === undefined ? undefined : setTimeout(onTimeout, ms);
    this.#ms = ms;
    this.#onTimeout = onTimeout;
  }
}

/** So that the response of the limit itself is sent first. */
const AFTER_MS = 1_000;

/** Keeps the client's connection open until the deadline, where that is longer than connections may stall. */
export class ReplyDeadline implements Deadline {
  readonly #timer = new TimerDeadline();
  readonly #res: Reply;
  readonly #defaultMs: number;
  /** The stall timeout of the connection now. */
  #stallTimeoutMs: number;

  constructor(res: Reply, settings: EdgeSettings) {
    this.#res = res;
    this.#defaultMs = stallTimeoutMs(settings);
    this.#stallTimeoutMs = this.#defaultMs;
  }

  setDeadline(ms: number, onTimeout: (() => void) | undefined): void {
    this.#timer.setDeadline(ms, onTimeout);
    const timeoutMs = onTimeout === undefined ? this.#defaultMs : Math.max(this.#stallTimeoutMs, ms + AFTER_MS);
    if (timeoutMs === this.#stallTimeoutMs || this.#res.writableFinished === true) return;
    this.#stallTimeoutMs = timeoutMs;
    this.#res.setTimeout(timeoutMs);
  }
}

/** Bounds each wait, and all of them together. */
export class BoundedDeadline implements Deadline {
  readonly #timer = new TimerDeadline();
  #eachMs = Infinity;
  #until = Infinity;

  /** Sets the limits, in milliseconds from now on. */
  bound(eachMs: number, totalMs: number): void {
    this.#eachMs = eachMs;
    this.#until = performance.now() + totalMs;
  }

  setDeadline(ms: number, onTimeout: (() => void) | undefined): void {
    this.#timer.setDeadline(Math.max(0, Math.min(ms, this.#eachMs, this.#until - performance.now())), onTimeout);
  }
}
