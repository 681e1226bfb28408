import { LOG_LEVELS } from '@anchor/core/logs/log-line.ts';
import type { LogFilter } from '@anchor/core/ports/log-store.ts';
import { LoopYielder } from './loop-yielder.ts';

/** How a log file is read: what each piece of work waits for, and which bytes are worth parsing. */
export type LogScan = Readonly<{
  /** Waits for a turn of the event loop that no other scan of this process uses. */
  turn(): Promise<void>;
  /** Returns false when no line among these bytes matches the filter, as far as that shows without parsing them. */
  mayMatch(lines: Buffer): boolean;
}>;

const turns = new LoopYielder();

/** Returns whether the files have to be scanned to find these lines: they are few among many. */
export const needsScan = ({ level, requestId, text }: LogFilter): boolean =>
  level !== undefined || requestId !== undefined || text !== undefined;

/** Reads every line. */
export const FULL_SCAN: LogScan = { turn: () => turns.next(), mayMatch: () => true };

/**
 * Skips pieces of the file that hold no match: a search of 20 MB without one parses nothing. It relies on lines being
 * JSON as `encodeLine` writes it, and may let lines through that do not match.
 */
export function scanFor({ level, requestId, text }: LogFilter): LogScan {
  const parts: ((lines: Buffer) => boolean)[] = [];
  if (level !== undefined && level !== LOG_LEVELS[0]) {
    const levels = LOG_LEVELS.slice(LOG_LEVELS.indexOf(level)).map((one) => `"level":"${one}"`);
    parts.push((lines) => levels.some((one) => lines.includes(one)));
  }
  if (requestId !== undefined) {
    const field = `"requestId":${JSON.stringify(requestId)}`;
    parts.push((lines) => lines.includes(field));
  }
  // Beyond ASCII lower case depends on the neighbouring letters, which JSON may change.
  if (text !== undefined && /^[\0-\x7f]*$/.test(text)) {
    const words = JSON.stringify(text.toLowerCase()).slice(1, -1);
    parts.push((lines) => lines.toString('utf8').toLowerCase().includes(words));
  }
  return { turn: FULL_SCAN.turn, mayMatch: (lines) => parts.every((part) => part(lines)) };
}
