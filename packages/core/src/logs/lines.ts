import type { LogLevel } from './log-line.ts';

const MAX_LINE = 64 * 1024;

/**
 * Cuts a stream into lines: `\n` and `\r\n` end one; `\r` alone (progress bars) starts it over; over-long lines are
 * split.
 */
export function createLineSplitter(): Readonly<{ push(chunk: string): readonly string[]; flush(): readonly string[] }> {
  let rest = '';
  const finish = (line: string): string => {
    const text = line.endsWith('\r') ? line.slice(0, -1) : line;
    const start = text.lastIndexOf('\r');
    return start === -1 ? text : text.slice(start + 1);
  };
  return {
    push(chunk) {
      const lines: string[] = [];
      let from = 0;
      for (let at = chunk.indexOf('\n'); at !== -1; at = chunk.indexOf('\n', from)) {
        lines.push(finish(rest + chunk.slice(from, at)));
        rest = '';
        from = at + 1;
      }
      rest += chunk.slice(from);
      while (rest.length > MAX_LINE) {
        lines.push(rest.slice(0, MAX_LINE));
        rest = rest.slice(MAX_LINE);
      }
      return lines.flatMap((line) => (line.length > MAX_LINE ? split(line) : [line]));
    },
    flush() {
      if (rest === '') return [];
      const line = finish(rest);
      rest = '';
      return [line];
    },
  };
}

function split(line: string): readonly string[] {
  const parts: string[] = [];
  for (let i = 0; i < line.length; i += MAX_LINE) parts.push(line.slice(i, i + MAX_LINE));
  return parts;
}

/** Returns the level that a line of a tool's output names; `fallback` when it names none. */
export function levelOf(line: string, fallback: LogLevel): LogLevel {
  const text = line.slice(0, 200);
  // oxlint-disable-next-line no-control-regex -- terminal colours stand before the word
  if (
    /^(?:\x1b\[[0-9;]*m|\s|⨯)*(?:npm (?:ERR!|error)|error\b|Error:|TypeError:|SyntaxError:|ReferenceError:|ERR_|✗|FATAL)/i.test(
      text,
    ) ||
    text.trimStart().startsWith('⨯')
  )
    return 'error';
  // oxlint-disable-next-line no-control-regex -- terminal colours stand before the word
  if (/^(?:\x1b\[[0-9;]*m|\s)*(?:npm warn|warn(?:ing)?\b|⚠)/i.test(text)) return 'warn';
  return fallback === 'error' || fallback === 'warn' ? 'info' : fallback;
}
