import { DEFAULT_WINDOW, MAX_WINDOW } from './frames.ts';
import type { FrameOutput } from './output.ts';
import type { Http2Reply } from './reply.ts';

/**
 * Shares a connection among its responses: one frame each in turn, as far as the client's windows allow, and one write
 * for all of a turn of the event loop.
 */
export class SendScheduler {
  /** How many body bytes the client takes on all streams together. */
  window = DEFAULT_WINDOW;
  readonly #output: FrameOutput;
  readonly #onSent: (reply: Http2Reply, bytes: number) => void;
  #ready: Http2Reply[] = [];
  /** Those that wait for the connection's window. */
  #starved: Http2Reply[] = [];
  #held = false;
  #scheduled = false;

  /** `onSent` is called after each frame, with the number of its body bytes. */
  constructor(output: FrameOutput, onSent: (reply: Http2Reply, bytes: number) => void) {
    this.#output = output;
    this.#onSent = onSent;
  }

  /** Whether nothing waits to be framed. */
  get empty(): boolean {
    return this.#ready.length === 0 && this.#starved.length === 0;
  }

  add(reply: Http2Reply): void {
    if (!reply.scheduled) {
      reply.scheduled = true;
      this.#ready.push(reply);
    }
    this.flushSoon();
  }

  /** Has everything written at the end of this turn of the event loop. */
  flushSoon(): void {
    if (this.#held || this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(this.#onImmediate);
  }

  readonly #onImmediate = (): void => {
    this.#scheduled = false;
    this.flush();
  };

  /** Gathers frames until `release`. */
  hold(): void {
    this.#held = true;
  }

  release(): void {
    this.#held = false;
    this.flush();
  }

  /** Opens the connection's window. Returns false when that is more than a window may be. */
  open(increment: number): boolean {
    this.window += increment;
    if (this.window > MAX_WINDOW) return false;
    const starved = this.#starved;
    if (this.window <= 0 || starved.length === 0) return true;
    this.#starved = [];
    this.#ready.push(...starved);
    this.flushSoon();
    return true;
  }

  flush(): void {
    if (this.#held) return;
    this.#held = true;
    for (;;) {
      const reply = this.#output.blocked ? undefined : this.#ready.shift();
      if (reply === undefined) break;
      this.#send(reply);
    }
    this.#held = false;
    this.#output.flush();
  }

  #send(reply: Http2Reply): void {
    reply.scheduled = false;
    if (reply.destroyed || !reply.queue.ready) return;
    const bytes = reply.queue.write(this.#output, this.window);
    this.window -= bytes;
    if (reply.queue.ready && !reply.scheduled) {
      reply.scheduled = true;
      (this.window > 0 ? this.#ready : this.#starved).push(reply);
    }
    this.#onSent(reply, bytes);
  }

  /** Forgets all: the connection is closed. */
  drop(): void {
    this.#ready = [];
    this.#starved = [];
  }
}
