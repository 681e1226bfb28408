import type { LogLevel, LogLine } from '@anchor/core/logs/log-line.ts';
import { createRedactor } from '@anchor/core/logs/redact.ts';
import type { DeploymentId } from '@anchor/core/names/id.ts';
import type { Clock } from '@anchor/core/ports/clock.ts';
import type { LogStore } from '@anchor/core/ports/log-store.ts';
import { createLineSplitter, type FunctionLine } from './log-lines.ts';

/** Collects lines of one deployment and writes them in batches, in order of arrival. */
export type LogWriter = Readonly<{
  add(line: FunctionLine): void;
  /** Resolves when everything added so far is in the store. */
  flush(): Promise<void>;
}>;

const BATCH_MS = 30;
const BATCH_LINES = 500;

export function createLogWriter(logs: Pick<LogStore, 'append'>, deploymentId: DeploymentId, clock: Clock): LogWriter {
  let batch: Omit<LogLine, 'n'>[] = [];
  let timer: NodeJS.Timeout | undefined;
  let writing = Promise.resolve();
  function write(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    const lines = batch;
    batch = [];
    // A store that refuses (full disk) must not stop the function: its lines are lost, later ones are tried again.
    if (lines.length > 0) writing = writing.then(() => logs.append('run', deploymentId, lines)).catch(() => undefined);
    return writing;
  }
  return {
    add(line) {
      batch.push({ at: clock.now(), ...line });
      if (batch.length >= BATCH_LINES) void write();
      else timer ??= setTimeout(() => void write(), BATCH_MS);
    },
    flush: write,
  };
}

/** One writer a deployment, so that the platform's notes and the function's lines keep their order. */
export type LogWriters = Readonly<{
  of(deploymentId: DeploymentId): LogWriter;
  /** Writes what there is; lines that come after it are lost, so that nothing is written once the host has stopped. */
  close(): Promise<void>;
}>;

export function createLogWriters(logs: Pick<LogStore, 'append'>, clock: Clock): LogWriters {
  const writers = new Map<DeploymentId, LogWriter>();
  let closed = false;
  return {
    of(deploymentId) {
      const writer = writers.get(deploymentId) ?? createLogWriter(logs, deploymentId, clock);
      writers.set(deploymentId, writer);
      return { flush: writer.flush, add: (line) => (closed ? undefined : writer.add(line)) };
    },
    async close() {
      closed = true;
      await Promise.all([...writers.values()].map((writer) => writer.flush()));
    },
  };
}

/** The lines of one instance: redacted, split, limited, and the last ones kept for error messages. */
export type LogPipe = Readonly<{
  /** Reads both streams to their end. */
  read(streams: Readonly<{ stdout: AsyncIterable<Uint8Array>; stderr: AsyncIterable<Uint8Array> }>): Promise<void>;
  /** The last 20 lines, redacted. */
  tail(): readonly string[];
}>;

const TAIL = 20;
/** What the redactor holds back, because it may be the start of a secret, is shown after so long without more output. */
const QUIET_MS = 100;

export function createLogPipe(writer: LogWriter, secrets: readonly string[], linesPerSecond: number): LogPipe {
  const last: string[] = [];
  let second = 0;
  let inSecond = 0;
  let dropped = 0;

  function note(): void {
    if (dropped > 0) writer.add({ level: 'warn', text: `${dropped} lines were not kept: more than ${linesPerSecond} a second` });
    dropped = 0;
  }
  function take(lines: readonly FunctionLine[]): void {
    for (const line of lines) {
      last.push(line.text);
      if (last.length > TAIL) last.shift();
      const now = Math.floor(performance.now() / 1_000);
      if (now !== second) {
        second = now;
        inSecond = 0;
        note();
      }
      if (++inSecond > linesPerSecond) dropped++;
      else writer.add(line);
    }
  }

  async function readOne(stream: AsyncIterable<Uint8Array>, level: LogLevel): Promise<void> {
    const decoder = new TextDecoder();
    const redactor = createRedactor(secrets);
    const splitter = createLineSplitter(level);
    let quiet: NodeJS.Timeout | undefined;
    const showHeld = (): void => {
      quiet = undefined;
      take(splitter.push(redactor.flush()));
    };
    try {
      for await (const chunk of stream) {
        take(splitter.push(redactor.push(decoder.decode(chunk, { stream: true }))));
        if (quiet === undefined) quiet = setTimeout(showHeld, QUIET_MS);
        else quiet.refresh();
      }
    } catch {
      // The pipe broke because the process was killed: what came before is what there is.
    }
    clearTimeout(quiet);
    take(splitter.push(redactor.push(decoder.decode()) + redactor.flush()));
    take(splitter.flush());
  }

  return {
    async read({ stdout, stderr }) {
      await Promise.all([readOne(stdout, 'info'), readOne(stderr, 'error')]);
      note();
      await writer.flush();
    },
    tail: () => last,
  };
}
