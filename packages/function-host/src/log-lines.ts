import type { LogLevel } from '@anchor/core/logs/log-line.ts';

export type FunctionLine = Readonly<{ level: LogLevel; text: string; requestId?: string }>;

const MAX_LINE = (64 * 1024) / 4; // characters; at most 64 KiB of UTF-8
const PREFIX = /^\x1e([\x21-\x7e]{1,128})\x1f(debug|info|warn|error)\x1f/;

/**
 * Cuts one stream into lines; a line that belongs to a request starts with `\x1e<request id>\x1f<level>\x1f` (see the
 * runtime).
 */
export function createLineSplitter(
  fallback: LogLevel,
): Readonly<{ push(text: string): readonly FunctionLine[]; flush(): readonly FunctionLine[] }> {
  let rest = '';
  /** A line too long to be kept in one piece: the pieces that follow belong to the same request. */
  let continued: Omit<FunctionLine, 'text'> | undefined;

  function parse(raw: string): FunctionLine {
    const match = continued === undefined ? PREFIX.exec(raw) : null;
    const text = (match === null ? raw : raw.slice(match[0].length)).replace(/\r$/, '');
    if (continued !== undefined) return { ...continued, text };
    const level = match?.[2];
    const requestId = match?.[1];
    return { level: isLevel(level) ? level : fallback, text, ...(requestId === undefined ? {} : { requestId }) };
  }

  return {
    push(text) {
      const lines: FunctionLine[] = [];
      rest += text;
      let from = 0;
      for (;;) {
        const end = rest.indexOf('\n', from);
        if (end === -1 && rest.length - from < MAX_LINE) break;
        const cut = end === -1 || end - from > MAX_LINE;
        const line = parse(rest.slice(from, cut ? from + MAX_LINE : end));
        lines.push(line);
        continued = cut
          ? { level: line.level, ...(line.requestId === undefined ? {} : { requestId: line.requestId }) }
          : undefined;
        from = cut ? from + MAX_LINE : end + 1;
      }
      rest = rest.slice(from);
      return lines;
    },
    flush() {
      if (rest === '') return [];
      const line = parse(rest);
      rest = '';
      continued = undefined;
      return [line];
    },
  };
}

const isLevel = (text: string | undefined): text is LogLevel =>
  text === 'debug' || text === 'info' || text === 'warn' || text === 'error';
