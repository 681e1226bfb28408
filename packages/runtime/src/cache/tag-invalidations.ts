/**
 * When a cache tag was last invalidated: one file for all processes of a deployment, appended to and read on by each.
 * Its lines are those of protocol/tag-invalidations.ts.
 */
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { formatTagInvalidation, parseTagInvalidation } from '@anchor/protocol/tag-invalidations.ts';
import { now } from '../process/environment.ts';
import { appendToLog, shortenLog } from './tag-invalidation-log.ts';

export type TagState = { stale?: number; expired?: number };
export type Durations = { expire?: number } | undefined;

export class TagInvalidations {
  readonly #file: string | undefined;
  readonly #states: Map<string, TagState>;
  /**
   * The newest time of each tag before which nothing may be used: a later invalidation with a profile must not forget
   * it.
   */
  readonly #expiredSince = new Map<string, number>();
  #position = 0;
  #identity = '';
  #shortenAt = SHORTEN_BYTES;

  /**
   * Creates the invalidations. With `file` undefined they are for this process alone. `states` may be a map that others
   * read, such as Next's own.
   */
  constructor(file: string | undefined, states: Map<string, TagState> = new Map()) {
    this.#file = file;
    this.#states = states;
  }

  /** Reads what other processes appended. Never throws. */
  refresh(): void {
    if (this.#file === undefined) return;
    try {
      const { size, ino, birthtimeMs } = statSync(this.#file);
      const found = `${ino}:${birthtimeMs}`;
      if (size === this.#position && found === this.#identity) return;
      if (size < this.#position || found !== this.#identity) this.#position = 0; // it was replaced
      this.#identity = found;
      this.#readOn(this.#file, size);
    } catch {
      // no file yet: nothing was ever invalidated
    }
  }

  invalidate(tags: readonly string[], durations: Durations): void {
    if (tags.length === 0) return;
    const at = now();
    const expires =
      durations === undefined ? undefined : durations.expire === undefined ? null : at + durations.expire * 1000;
    this.#write(tags.map((tag) => lineOf(tag, at, expires)));
  }

  /** Makes what has the tag and is older than `at` unusable. */
  replace(tag: string, at: number): void {
    this.#write([lineOf(tag, at, undefined)]);
  }

  /** Returns whether an entry made at `madeAt` must not be used any more. */
  expired(tags: readonly string[], madeAt: number): boolean {
    const present = now();
    return tags.some((tag) => this.#expiredAt(tag, present) > madeAt);
  }

  /** Returns whether an entry made at `madeAt` may be served once more while it is revalidated. */
  stale(tags: readonly string[], madeAt: number): boolean {
    return tags.some((tag) => (this.#states.get(tag)?.stale ?? 0) > madeAt);
  }

  /** Returns the newest time from which entries with one of the tags are unusable; 0 when none was invalidated. */
  latest(tags: readonly string[]): number {
    const present = now();
    return tags.reduce((latest, tag) => Math.max(latest, this.#expiredAt(tag, present)), 0);
  }

  #expiredAt(tag: string, present: number): number {
    const planned = this.#states.get(tag)?.expired ?? 0;
    return Math.max(this.#expiredSince.get(tag) ?? 0, planned <= present ? planned : 0);
  }

  #apply(line: string): void {
    const entry = parseTagInvalidation(line);
    if (entry === undefined) return;
    const { tag, at, expires } = entry;
    const state: TagState = { ...this.#states.get(tag) };
    if (expires === undefined) {
      state.expired = Math.max(at, this.#expiredSince.get(tag) ?? 0);
      this.#expiredSince.set(tag, state.expired);
    } else {
      state.stale = Math.max(at, state.stale ?? 0);
      if (typeof expires === 'number') state.expired = expires;
    }
    this.#states.set(tag, state);
  }

  #readOn(file: string, size: number): void {
    const bytes = Buffer.alloc(size - this.#position);
    const descriptor = openSync(file, 'r');
    try {
      const length = readSync(descriptor, bytes, 0, bytes.length, this.#position);
      const end = bytes.subarray(0, length).lastIndexOf(0x0a) + 1; // a line may be half written
      this.#position += end;
      for (const line of bytes.toString('utf8', 0, end).split('\n')) if (line !== '') this.#apply(line);
    } finally {
      closeSync(descriptor);
    }
  }

  /** Returns a compacted log, in which each tag is invalidated only as often as its state requires. */
  #shortest(): string {
    let text = '';
    for (const [tag, { stale, expired }] of this.#states) {
      const floor = this.#expiredSince.get(tag);
      if (floor !== undefined) text += lineOf(tag, floor, undefined);
      if (stale !== undefined && stale > (floor ?? 0))
        text += lineOf(tag, stale, expired === undefined || expired === floor ? null : expired);
    }
    return text;
  }

  #write(lines: readonly string[]): void {
    if (this.#file !== undefined) {
      try {
        appendToLog(this.#file, lines.join(''));
        this.refresh();
        if (this.#position > this.#shortenAt) this.#shorten(this.#file);
        return;
      } catch (cause) {
        console.error('The invalidation of cache tags reaches this process only:', cause);
      }
    }
    for (const line of lines) this.#apply(line);
  }

  #shorten(file: string): void {
    shortenLog(file, () => {
      this.refresh();
      return { length: this.#position, text: this.#shortest() };
    });
    this.refresh();
    this.#shortenAt = Math.max(SHORTEN_BYTES, this.#position * 4);
  }
}

/** A log of this length is compacted; one with many tags at four times its compacted length. */
const SHORTEN_BYTES = 1 << 20;

const lineOf = (tag: string, at: number, expires: number | null | undefined): string =>
  formatTagInvalidation({ tag, at, expires });
