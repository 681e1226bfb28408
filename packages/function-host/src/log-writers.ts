import type { LogLine } from '@anchor/core/logs/log-line.ts';
import type { DeploymentId } from '@anchor/core/names/id.ts';
import type { Clock } from '@anchor/core/ports/clock.ts';
import type { LogStore } from '@anchor/core/ports/log-store.ts';
import type { FunctionLine } from './log-lines.ts';

/** Collects lines of one deployment and writes them in batches, in order of arrival. */
export type LogWriter = Readonly<{
  add(line: FunctionLine): void;
  /** Resolves when everything added so far is in the store. */
  flush(): Promise<void>;
}>;

const BATCH_MS = 30;
const BATCH_LINES = 500;

class BatchedLogWriter implements LogWriter {
  readonly #logs: Pick<LogStore, 'append'>;
  readonly #deploymentId: DeploymentId;
  readonly #clock: Clock;
  #batch: Omit<LogLine, 'n'>[] = [];
  #timer: NodeJS.Timeout | undefined;
  #writing = Promise.resolve();
  #closed = false;

  constructor(logs: Pick<LogStore, 'append'>, deploymentId: DeploymentId, clock: Clock) {
    this.#logs = logs;
    this.#deploymentId = deploymentId;
    this.#clock = clock;
  }

  add(line: FunctionLine): void {
    if (this.#closed) return;
    this.#batch.push({ at: this.#clock.now(), ...line });
    if (this.#batch.length >= BATCH_LINES) void this.flush();
    else this.#timer ??= setTimeout(() => void this.flush(), BATCH_MS);
  }

  flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const lines = this.#batch;
    this.#batch = [];
    // A store that refuses (full disk) must not stop the function: its lines are lost, later ones are written again.
    if (lines.length > 0)
      this.#writing = this.#writing
        .then(() => this.#logs.append('run', this.#deploymentId, lines))
        .catch(() => undefined);
    return this.#writing;
  }

  close(): Promise<void> {
    this.#closed = true;
    return this.flush();
  }
}

/** One writer per deployment, so that the platform's lines and the function's keep their order. */
export class LogWriters {
  readonly #logs: Pick<LogStore, 'append'>;
  readonly #clock: Clock;
  readonly #writers = new Map<DeploymentId, BatchedLogWriter>();
  #closed = false;

  constructor(logs: Pick<LogStore, 'append'>, clock: Clock) {
    this.#logs = logs;
    this.#clock = clock;
  }

  of(deploymentId: DeploymentId): LogWriter {
    const known = this.#writers.get(deploymentId);
    if (known !== undefined) return known;
    const writer = new BatchedLogWriter(this.#logs, deploymentId, this.#clock);
    if (this.#closed) void writer.close();
    this.#writers.set(deploymentId, writer);
    return writer;
  }

  /** Writes what there is. Lines added later are lost, so that nothing is written once the host has stopped. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#writers.values()].map((writer) => writer.close()));
  }
}
