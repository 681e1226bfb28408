import type { LogFilter } from '../ports/log-store.ts';
import { LOG_LEVELS, type LogLine } from './log-line.ts';

/** Returns whether a line matches the filter by level, request and text; `after` and `limit` are the store's part. */
export function matches(line: LogLine, filter: LogFilter): boolean {
  return (
    (filter.level === undefined || LOG_LEVELS.indexOf(line.level) >= LOG_LEVELS.indexOf(filter.level)) &&
    (filter.requestId === undefined || line.requestId === filter.requestId) &&
    (filter.text === undefined || line.text.toLowerCase().includes(filter.text.toLowerCase()))
  );
}
