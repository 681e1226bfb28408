import type { LogLine } from '@anchor/core/logs/log-line.ts';
import { encodePage } from '@anchor/core/logs/log-page.ts';
import { matches } from '@anchor/core/logs/matches.ts';
import { splitText } from '@anchor/core/logs/split-text.ts';
import type { LogStore } from '@anchor/core/ports/log-store.ts';

type Log = { lines: LogLine[]; closed: boolean; waiters: Set<() => void> };

export function logStore(): LogStore {
  const logs = new Map<string, Log>();
  const logOf = (kind: string, id: string): Log => {
    const key = `${kind}/${id}`;
    const log = logs.get(key) ?? { lines: [], closed: false, waiters: new Set() };
    logs.set(key, log);
    return log;
  };
  const wakeAll = (log: Log): void => {
    for (const wake of log.waiters) wake();
  };
  return {
    append: async (kind, id, lines) => {
      const log = logOf(kind, id);
      for (const line of lines) {
        for (const text of splitText(line.text)) log.lines.push({ ...line, text, n: log.lines.length + 1 });
      }
      wakeAll(log);
    },
    read: async (kind, id, filter) => {
      const found = logOf(kind, id).lines.filter((line) => line.n > (filter.after ?? 0) && matches(line, filter));
      const fromEnd = filter.after === undefined && filter.limit !== undefined;
      const taken: LogLine[] = [];
      let text = 0;
      for (const line of fromEnd ? found.toReversed() : found) {
        if (taken.length >= (filter.limit ?? Infinity) || text >= (filter.maxText ?? Infinity)) break;
        taken.push(line);
        text += line.text.length;
      }
      return fromEnd ? taken.toReversed() : taken;
    },
    async *follow(kind, id, filter, signal) {
      const log = logOf(kind, id);
      const matching = log.lines.filter((line) => matches(line, filter));
      const backlog =
        filter.after === undefined && filter.limit !== undefined
          ? matching.slice(0, Math.max(0, matching.length - filter.limit)).at(-1)?.n
          : undefined;
      let last = filter.limit === 0 && filter.after === undefined ? log.lines.length : (filter.after ?? backlog ?? 0);
      while (!signal.aborted) {
        const { closed } = log;
        const lines = log.lines.slice(last);
        last = lines.at(-1)?.n ?? last;
        const selected = lines.filter((line) => matches(line, filter));
        if (selected.length > 0) yield encodePage(selected);
        if (closed) return;
        // Any of these may have happened while a page was given out.
        if (log.lines.length > last || log.closed || signal.aborted) continue;
        await new Promise<void>((resolve) => {
          const wake = (): void => {
            log.waiters.delete(wake);
            signal.removeEventListener('abort', wake);
            resolve();
          };
          log.waiters.add(wake);
          signal.addEventListener('abort', wake);
        });
      }
    },
    close: async (kind, id) => {
      const log = logOf(kind, id);
      log.closed = true;
      wakeAll(log);
    },
    remove: async (id) => {
      for (const kind of ['build', 'run']) logs.delete(`${kind}/${id}`);
    },
  };
}
