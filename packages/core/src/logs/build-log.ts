import type { DeploymentId } from '../names/id.ts';
import type { Ports } from '../ports/ports.ts';
import { redactorsOf, type Redactor, type Secret } from './redact.ts';
import { createLineSplitter, levelOf } from './lines.ts';
import type { LogLevel, LogLine } from './log-line.ts';
import { storedBytes } from './stored-bytes.ts';

/**
 * 20 MB as they are stored; later lines are counted, not stored. The last lines are stored separately, because they
 * explain a failure.
 */
const MAX_BYTES = 20 * 1024 * 1024;
const MAX_BATCH = 2_000;

type Stream = 'out' | 'err';
const streamOf = (level: LogLevel): Stream => (level === 'error' || level === 'warn' ? 'err' : 'out');

/**
 * A build's log on its way to the store: redacted, cut into lines, batched, and cut off when a build prints without
 * end.
 */
export class BuildLog {
  readonly #ports: Pick<Ports, 'logs' | 'clock'>;
  readonly #id: DeploymentId;
  readonly #newRedactor: () => Redactor;
  readonly #redactors = new Map<Stream, Redactor>();
  readonly #splitters = new Map<Stream, ReturnType<typeof createLineSplitter>>();
  readonly #pending: Omit<LogLine, 'n'>[] = [];
  #writing: Promise<void> = Promise.resolve();
  #scheduled = false;
  #bytes = 0;
  #dropped = 0;

  constructor(ports: Pick<Ports, 'logs' | 'clock'>, id: DeploymentId, secrets: readonly Secret[]) {
    this.#ports = ports;
    this.#id = id;
    this.#newRedactor = redactorsOf(secrets);
  }

  output(chunk: string, level: LogLevel, step: string): void {
    const stream = streamOf(level);
    const redactor = this.#redactors.get(stream) ?? this.#newRedactor();
    this.#redactors.set(stream, redactor);
    const splitter = this.#splitters.get(stream) ?? createLineSplitter();
    this.#splitters.set(stream, splitter);
    for (const line of splitter.push(redactor.push(chunk))) this.#addCounted(line, levelOf(line, level), step);
  }

  /** Writes one line of the platform's own. */
  note(text: string, level: LogLevel = 'info', step?: string): void {
    const redactor = this.#newRedactor();
    this.#add(redactor.push(text) + redactor.flush(), level, step);
  }

  /** Resolves when everything so far is stored; rejects when the disk refused some of it. */
  async flush(): Promise<void> {
    for (const [stream, redactor] of this.#redactors) {
      const splitter = this.#splitters.get(stream);
      if (splitter === undefined) continue;
      for (const line of [...splitter.push(redactor.flush()), ...splitter.flush()])
        this.#addCounted(line, levelOf(line, 'info'), undefined);
    }
    if (this.#dropped > 0) {
      this.#add(
        `${(this.#dropped / 1024 / 1024).toFixed(1)} MB more were printed and are not kept.`,
        'warn',
        undefined,
      );
      this.#dropped = 0;
    }
    while (this.#pending.length > 0) this.#write();
    await this.#writing;
  }

  /** Adds a line of the build, unless its log is full. */
  #addCounted(text: string, level: LogLevel, step: string | undefined): void {
    if (this.#bytes > MAX_BYTES) {
      this.#dropped += text.length + 1;
      return;
    }
    this.#bytes += storedBytes(text);
    if (this.#bytes <= MAX_BYTES) return this.#add(text, level, step);
    this.#add(
      `The log is cut here: the build printed more than a log of ${MAX_BYTES / 1024 / 1024} MB holds. The build goes on.`,
      'warn',
      step,
    );
  }

  #add(text: string, level: LogLevel, step: string | undefined): void {
    this.#pending.push({ at: this.#ports.clock.now(), level, text, ...(step === undefined ? {} : { step }) });
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => this.#write());
  }

  #write(): void {
    this.#scheduled = false;
    const batch = this.#pending.splice(0, MAX_BATCH);
    if (batch.length > 0) this.#writing = this.#writing.then(() => this.#ports.logs.append('build', this.#id, batch));
    // A full disk is reported by `flush`, at the end of the build, and not as an unhandled error.
    this.#writing.catch(() => undefined);
    if (this.#pending.length === 0 || this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => this.#write());
  }
}
