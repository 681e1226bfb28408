import { createWriteStream, mkdirSync, renameSync, statSync, type WriteStream } from 'node:fs';
import { join } from 'node:path';
import type { AccessEntry } from '@anchor/edge/exchange.ts';

const MAX_BYTES = 64 * 1024 * 1024;
const FLUSH_MS = 250;
/** Lines that wait for a slow disk; more are dropped: the log must never hold up an answer. */
const MAX_PENDING = 100_000;

/** One JSON line a request under `logs/access-<worker>.jsonl`, one earlier file kept. */
export function openAccessLog(logs: string, worker: number): Readonly<{ write(entry: AccessEntry): void; close(): Promise<void> }> {
  mkdirSync(logs, { recursive: true, mode: 0o700 });
  const file = join(logs, `access-${worker}.jsonl`);
  let size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  let stream: WriteStream = createWriteStream(file, { flags: 'a', mode: 0o600 });
  stream.on('error', () => undefined);
  let pending: string[] = [];

  const flush = (): void => {
    if (pending.length === 0) return;
    const text = `${pending.join('\n')}\n`;
    pending = [];
    if (size > MAX_BYTES) {
      stream.end();
      renameSync(file, `${file}.1`);
      stream = createWriteStream(file, { flags: 'a', mode: 0o600 });
      stream.on('error', () => undefined);
      size = 0;
    }
    size += text.length;
    stream.write(text);
  };
  const timer = setInterval(flush, FLUSH_MS);
  timer.unref();
  return {
    write(entry) {
      if (pending.length < MAX_PENDING) pending.push(JSON.stringify(entry));
    },
    async close() {
      clearInterval(timer);
      flush();
      await new Promise<void>((resolve) => stream.end(() => resolve()));
    },
  };
}
