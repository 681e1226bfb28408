/**
 * When a cache tag was last invalidated: one file for all processes of a deployment, appended to and read on by each.
 * A line is `{"tag", "at", "expires"}`, times in milliseconds since the epoch: from `at` on entries with the tag are
 * stale; from `expires` on they must not be used. Without `expires` that is `at` itself; `null` is never.
 */
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { isRecord, now } from './environment.ts';
import { appendToLog, shortenLog } from './tag-log-file.ts';

export type TagState = { stale?: number; expired?: number };
export type Durations = { expire?: number } | undefined;

export type TagClock = Readonly<{
  /** Reads what other processes appended. Never throws. */
  refresh(): void;
  invalidate(tags: readonly string[], durations: Durations): void;
  /** Makes what has the tag and is older than `at` unusable. */
  replace(tag: string, at: number): void;
  /** True when an entry made at `madeAt` must not be used any more. */
  expired(tags: readonly string[], madeAt: number): boolean;
  /** True when an entry made at `madeAt` may be used once more while it is made anew. */
  stale(tags: readonly string[], madeAt: number): boolean;
  /** The newest time from which entries with one of the tags are unusable; 0 when none was invalidated. */
  latest(tags: readonly string[]): number;
}>;

/** `file` undefined: this process alone. `states` may be a map that others read, such as Next's own. */
export function createTagClock(file: string | undefined, states: Map<string, TagState> = new Map()): TagClock {
  let position = 0;
  let identity = '';
  /** The newest time of each tag before which nothing may be used: a later invalidation with a profile must not forget it. */
  const floors = new Map<string, number>();
  const expiredAt = (tag: string, present: number): number => {
    const planned = states.get(tag)?.expired ?? 0;
    return Math.max(floors.get(tag) ?? 0, planned <= present ? planned : 0);
  };

  const apply = (line: string): void => {
    let entry: unknown;
    try {
      entry = JSON.parse(line);
    } catch {
      return;
    }
    if (!isRecord(entry) || typeof entry['tag'] !== 'string' || typeof entry['at'] !== 'number') return;
    const { at, expires } = entry;
    const state: TagState = { ...states.get(entry['tag']) };
    if (expires === undefined) {
      state.expired = Math.max(at as number, floors.get(entry['tag']) ?? 0);
      floors.set(entry['tag'], state.expired);
    } else {
      state.stale = Math.max(at as number, state.stale ?? 0);
      if (typeof expires === 'number') state.expired = expires;
    }
    states.set(entry['tag'], state);
  };

  const refresh = (): void => {
    if (file === undefined) return;
    try {
      const { size, ino, birthtimeMs } = statSync(file);
      const found = `${ino}:${birthtimeMs}`;
      if (size === position && found === identity) return;
      if (size < position || found !== identity) position = 0; // it was replaced
      identity = found;
      const bytes = Buffer.alloc(size - position);
      const descriptor = openSync(file, 'r');
      try {
        const length = readSync(descriptor, bytes, 0, bytes.length, position);
        const end = bytes.subarray(0, length).lastIndexOf(0x0a) + 1; // a line may be half written
        position += end;
        for (const line of bytes.toString('utf8', 0, end).split('\n')) if (line !== '') apply(line);
      } finally {
        closeSync(descriptor);
      }
    } catch {
      // no file yet: nothing was ever invalidated
    }
  };

  /** The log as it would be if each tag had been invalidated only as often as it takes. */
  const shortest = (): string => {
    let text = '';
    for (const [tag, { stale, expired }] of states) {
      const floor = floors.get(tag);
      if (floor !== undefined) text += lineOf(tag, floor, undefined);
      if (stale !== undefined && stale > (floor ?? 0)) text += lineOf(tag, stale, expired === undefined || expired === floor ? null : expired);
    }
    return text;
  };

  const write = (lines: readonly string[]): void => {
    if (file !== undefined) {
      try {
        appendToLog(file, lines.join(''));
        refresh();
        if (position > shortenAt) {
          shortenLog(file, () => {
            refresh();
            return { length: position, text: shortest() };
          });
          refresh();
          shortenAt = Math.max(SHORTEN_BYTES, position * 4);
        }
        return;
      } catch (cause) {
        console.error('The invalidation of cache tags reaches this process only:', cause);
      }
    }
    for (const line of lines) apply(line);
  };
  let shortenAt = SHORTEN_BYTES;

  return {
    refresh,
    invalidate(tags, durations) {
      if (tags.length === 0) return;
      const at = now();
      const expires = durations === undefined ? undefined : durations.expire === undefined ? null : at + durations.expire * 1000;
      write(tags.map((tag) => lineOf(tag, at, expires)));
    },
    replace: (tag, at) => write([lineOf(tag, at, undefined)]),
    expired(tags, madeAt) {
      const present = now();
      return tags.some((tag) => expiredAt(tag, present) > madeAt);
    },
    stale: (tags, madeAt) => tags.some((tag) => (states.get(tag)?.stale ?? 0) > madeAt),
    latest(tags) {
      const present = now();
      return tags.reduce((latest, tag) => Math.max(latest, expiredAt(tag, present)), 0);
    },
  };
}

/** A log of this length is written anew with what it comes to; with many tags, one of four times what that was. */
const SHORTEN_BYTES = 1 << 20;

const lineOf = (tag: string, at: number, expires: number | null | undefined): string => `${JSON.stringify({ tag, at, expires })}\n`;
