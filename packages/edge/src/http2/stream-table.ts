import { AbuseBudget } from './abuse-budget.ts';
import { ERROR, FRAME, type ErrorCode } from './frames.ts';
import { CONNECTION_WINDOW, MAX_RESET_IDS, OVERHEAD, RESETS } from './limits.ts';
import type { FrameOutput } from './output.ts';
import { ReceiveWindow } from './receive-window.ts';
import type { Http2Reply } from './reply.ts';
import { SendScheduler } from './send-scheduler.ts';
import type { Http2Stream } from './stream.ts';

/**
 * Holds the streams of one connection, what both sides may send on them, and the budgets of what a client can make the
 * edge do for nothing.
 */
export class StreamTable {
  readonly output: FrameOutput;
  readonly sender: SendScheduler;
  /** The last stream that the client has opened. */
  lastId = 0;
  readonly #time: Readonly<{ now: number }>;
  readonly #onEmpty: () => void;
  readonly #window = new ReceiveWindow(CONNECTION_WINDOW);
  readonly #streams = new Map<number, Http2Stream>();
  readonly #resetIds = new Set<number>();
  readonly #resets: AbuseBudget;
  readonly #overhead: AbuseBudget;

  /** `onEmpty` is called when the last open stream has ended. */
  constructor(output: FrameOutput, time: Readonly<{ now: number }>, onEmpty: () => void) {
    this.output = output;
    this.#time = time;
    this.#onEmpty = onEmpty;
    this.sender = new SendScheduler(output, (reply, bytes) => this.#onSent(reply, bytes));
    this.#resets = new AbuseBudget(RESETS.capacity, RESETS.perSecond, time.now);
    this.#overhead = new AbuseBudget(OVERHEAD.capacity, OVERHEAD.perSecond, time.now);
  }

  get size(): number {
    return this.#streams.size;
  }

  get open(): Iterable<Http2Stream> {
    return this.#streams.values();
  }

  get(id: number): Http2Stream | undefined {
    return this.#streams.get(id);
  }

  add(stream: Http2Stream): void {
    this.#streams.set(stream.id, stream);
  }

  /** Returns whether the client has not opened the stream. */
  isIdle(id: number): boolean {
    return id === 0 || id % 2 === 0 || id > this.lastId;
  }

  /** Returns whether the edge has reset the stream: frames for it may be in transit. */
  wasReset(id: number): boolean {
    return this.#resetIds.has(id);
  }

  /** Takes the cost of a frame that carries nothing. */
  spend(): ErrorCode | undefined {
    return this.#overhead.spend(this.#time.now) ? undefined : ERROR.enhanceYourCalm;
  }

  /** Counts a request. */
  requested(): void {
    this.#overhead.earn(OVERHEAD.perRequest);
  }

  /** Counts body bytes that were sent. */
  delivered(bytes: number): void {
    this.#overhead.earn((bytes / 1024) * OVERHEAD.perKilobyte);
  }

  /** Takes received bytes from the connection's window. Returns false when the client was not allowed to send them. */
  take(bytes: number): boolean {
    return this.#window.take(bytes);
  }

  /** Opens windows after bytes were read; `stream` undefined: of one that is closed. */
  release(stream: Http2Stream | undefined, bytes: number): void {
    if (bytes === 0) return;
    const all = this.#window.release(bytes);
    if (all > 0) this.output.number(FRAME.windowUpdate, 0, all);
    const own = stream === undefined || stream.complete ? 0 : stream.window.release(bytes);
    if (own > 0) this.output.number(FRAME.windowUpdate, stream?.id ?? 0, own);
    if (all > 0 || own > 0) this.sender.flushSoon();
  }

  /** Handles a stream that the client cancels. That costs it nothing, and the edge the start of a request. */
  cancelled(id: number): ErrorCode | undefined {
    const stream = this.#streams.get(id);
    // Nothing may follow it, also where the edge has reset the stream.
    this.#resetIds.delete(id);
    if (stream === undefined) return this.spend();
    this.#remove(stream);
    return this.#resets.spend(this.#time.now) ? undefined : ERROR.enhanceYourCalm;
  }

  /** Resets a stream for a mistake of the client: it could make the edge do work in vain. */
  refuse(id: number, code: ErrorCode): ErrorCode | undefined {
    if (this.isIdle(id)) return ERROR.protocol;
    this.reset(id, code);
    return this.#resets.spend(this.#time.now) ? undefined : ERROR.enhanceYourCalm;
  }

  reset(id: number, code: ErrorCode): void {
    this.output.number(FRAME.rstStream, id, code);
    this.sender.flushSoon();
    this.#resetIds.add(id);
    for (const oldest of this.#resetIds) {
      if (this.#resetIds.size <= MAX_RESET_IDS) break;
      this.#resetIds.delete(oldest);
    }
    const stream = this.#streams.get(id);
    if (stream !== undefined) this.#remove(stream);
  }

  /** Ends the stream of a response that was sent whole. */
  complete({ id }: Http2Reply): void {
    const stream = this.#streams.get(id);
    if (stream === undefined) return;
    // The client may stop sending a body that is not needed (RFC 9113, 8.1).
    if (stream.complete) this.#remove(stream);
    else this.reset(id, ERROR.none);
  }

  /** Ends all streams: the connection is closed. */
  drop(): void {
    this.sender.drop();
    for (const stream of this.#streams.values()) this.#remove(stream);
  }

  #onSent(reply: Http2Reply, bytes: number): void {
    this.delivered(bytes);
    if (reply.queue.done) this.complete(reply);
    else reply.onProgress(bytes);
  }

  #remove(stream: Http2Stream): void {
    this.#streams.delete(stream.id);
    this.release(undefined, stream.end());
    if (this.#streams.size === 0) this.#onEmpty();
  }
}
