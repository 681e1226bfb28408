import { setTimeout as delay } from 'node:timers/promises';
import type { LogLevel } from '@anchor/core/logs/log-line.ts';
import { ReadPace } from '@anchor/core/logs/read-pace.ts';
import { createRedactor, type Secret } from '@anchor/core/logs/redact.ts';
import { storedBytes } from '@anchor/core/logs/stored-bytes.ts';
import { createLineSplitter, type FunctionLine } from './log-lines.ts';
import type { LogWriter } from './log-writers.ts';
import { readOnlyHint } from './read-only-hint.ts';
import type { FunctionHostSettings } from './settings.ts';

type Limits = Pick<FunctionHostSettings, 'linesPerSecond' | 'logBytesPerSecond'>;

const TAIL = 20;
/** A process that fails to write many files needs no hint for each. */
const MAX_HINTS = 5;
/**
 * Output that the redactor holds back, because it may be the start of a secret, is released after this long without
 * more output (ms).
 */
const QUIET_MS = 100;
/** How much is read, of what the log keeps a second: in the long run, and at once. A program that prints more waits. */
const READ_RATE = 4;
const READ_BURST = 8;

/** The lines of one instance: redacted, split, limited, and the last ones kept for error messages. */
export class LogPipe {
  readonly #writer: LogWriter;
  readonly #secrets: readonly Secret[];
  readonly #limits: Limits;
  readonly #pace: ReadPace;
  readonly #last: string[] = [];
  readonly #explained = new Set<string>();
  #second = 0;
  #linesInSecond = 0;
  #bytesInSecond = 0;
  #dropped = 0;

  constructor(writer: LogWriter, secrets: readonly Secret[], limits: Limits) {
    const { logBytesPerSecond } = limits;
    this.#writer = writer;
    this.#secrets = secrets;
    this.#limits = limits;
    const rates = { perSecond: READ_RATE * logBytesPerSecond, burst: READ_BURST * logBytesPerSecond };
    this.#pace = new ReadPace(rates, () => performance.now());
  }

  /** Reads both streams to their end. */
  async read({
    stdout,
    stderr,
  }: Readonly<{ stdout: AsyncIterable<Uint8Array>; stderr: AsyncIterable<Uint8Array> }>): Promise<void> {
    await Promise.all([this.#readOne(stdout, 'info'), this.#readOne(stderr, 'error')]);
    this.#noteDropped();
    await this.#writer.flush();
  }

  /** Returns the last 20 lines, redacted. */
  tail(): readonly string[] {
    return this.#last;
  }

  async #readOne(stream: AsyncIterable<Uint8Array>, level: LogLevel): Promise<void> {
    const decoder = new TextDecoder();
    const redactor = createRedactor(this.#secrets);
    const splitter = createLineSplitter(level);
    let quiet: NodeJS.Timeout | undefined;
    const showHeld = (): void => {
      quiet = undefined;
      this.#take(splitter.push(redactor.flush()));
    };
    try {
      for await (const chunk of stream) {
        this.#take(splitter.push(redactor.push(decoder.decode(chunk, { stream: true }))));
        if (quiet === undefined) quiet = setTimeout(showHeld, QUIET_MS);
        else quiet.refresh();
        const wait = this.#pace.read(chunk.length);
        if (wait > 0) await delay(wait);
      }
    } catch {
      // The pipe broke because the process was killed: what came before is what there is.
    }
    clearTimeout(quiet);
    this.#take(splitter.push(redactor.push(decoder.decode()) + redactor.flush()));
    this.#take(splitter.flush());
  }

  #take(lines: readonly FunctionLine[]): void {
    for (const line of lines) {
      this.#last.push(line.text);
      if (this.#last.length > TAIL) this.#last.shift();
      const now = Math.floor(performance.now() / 1_000);
      if (now !== this.#second) {
        this.#second = now;
        this.#linesInSecond = 0;
        this.#bytesInSecond = 0;
        this.#noteDropped();
      }
      this.#bytesInSecond += storedBytes(line.text);
      const { linesPerSecond, logBytesPerSecond } = this.#limits;
      if (++this.#linesInSecond > linesPerSecond || this.#bytesInSecond > logBytesPerSecond) this.#dropped++;
      else {
        this.#writer.add(line);
        this.#explain(line);
      }
    }
  }

  #noteDropped(): void {
    const { linesPerSecond, logBytesPerSecond } = this.#limits;
    if (this.#dropped > 0)
      this.#writer.add({
        level: 'warn',
        text: `${this.#dropped} lines were not kept: more than ${linesPerSecond} or ${Math.floor(logBytesPerSecond / 1_024)} KB a second`,
      });
    this.#dropped = 0;
  }

  /** Explains each kind of failed write once. */
  #explain({ text, requestId }: FunctionLine): void {
    const hint = readOnlyHint(text);
    if (hint === undefined || this.#explained.has(hint) || this.#explained.size >= MAX_HINTS) return;
    this.#explained.add(hint);
    this.#writer.add({ level: 'warn', text: `anchor: ${hint}`, ...(requestId === undefined ? {} : { requestId }) });
  }
}
