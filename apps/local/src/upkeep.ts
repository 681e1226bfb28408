import type { BlobScrub } from '@anchor/adapter-local/blobs/blob-scrub.ts';
import { LogQuota } from '@anchor/adapter-local/logs/log-quota.ts';
import { checkDatabase } from '@anchor/adapter-local/sqlite/database-check.ts';
import type { PlatformOperations } from '@anchor/core/ports/platform-operations.ts';
import { MAX_TRIES } from '@anchor/core/records/failed-record.ts';
import type { LocalComposition } from './compose.ts';
import { scheduleGc } from './gc-scheduler.ts';
import type { ProcessLog } from './process-log.ts';
import type { Settings } from './settings.ts';

const TRIM_LOGS_MS = 60_000;
/** Every blob is read again once a day, from some minutes after the start on. */
const FIRST_SCRUB_MS = 10 * 60_000;
const SCRUB_MS = 24 * 3_600_000;

type UpkeepParts = Readonly<{
  settings: Settings;
  opened: Pick<LocalComposition, 'paths' | 'ports'>;
  operations: Pick<PlatformOperations, 'gc'>;
  scrub: Pick<BlobScrub, 'pass'>;
  /** Resumes unfinished work. Records that were set aside are not among it: a user retries them. */
  recover: () => Promise<unknown>;
  /** A build runs: no clean-up beside it. */
  busy: () => boolean;
  log: ProcessLog;
}>;

/** Runs clean-up, the check of stored bytes, and the trimming of logs, each now and then. */
export class Upkeep {
  readonly #parts: UpkeepParts;
  readonly #ending = new AbortController();
  readonly #stops: (() => void)[] = [];

  constructor(parts: UpkeepParts) {
    this.#parts = parts;
  }

  start(): void {
    const { settings, opened, busy, log } = this.#parts;
    const report = (error: unknown): void => log.error(`clean-up failed: ${String(error)}`);
    const cleanup = scheduleGc({ run: () => this.#cleanUp(), busy, report });
    this.#stops.push(() => cleanup.stop());
    if (settings.scrubMb > 0) {
      const scrubbing = scheduleGc({
        run: () => this.#checkBytes(),
        busy: () => false,
        firstMs: FIRST_SCRUB_MS,
        everyMs: SCRUB_MS,
        report: (error) => log.error(`blobs could not be read again: ${String(error)}`),
      });
      this.#stops.push(() => scrubbing.stop());
    }
    const quota = new LogQuota(
      opened.paths.logs,
      settings.projectLogMb * 1_048_576,
      async (id) => (await opened.ports.deployments.get(id))?.projectId,
    );
    const trimming = setInterval(() => void log.step('logs are trimmed', () => quota.sweep()), TRIM_LOGS_MS).unref();
    this.#stops.push(() => clearInterval(trimming));
  }

  stop(): void {
    for (const stop of this.#stops) stop();
    this.#ending.abort();
  }

  async #cleanUp(): Promise<void> {
    const { recover, operations, log } = this.#parts;
    await recover();
    const cleaned = await operations.gc({ dryRun: false, caches: false });
    if (!cleaned.ok)
      log.error(`clean-up was refused: ${cleaned.error.message}: ${cleaned.error.cause ?? ''}. ${cleaned.error.fix}`);
    else if (cleaned.value.held !== undefined)
      log.error(`clean-up holds back: ${cleaned.value.held.reason}. ${cleaned.value.held.fix}`);
  }

  /** Reads the database and the blobs again: at a start only a small database is read whole, see platform-state.ts. */
  async #checkBytes(): Promise<void> {
    const { opened, scrub, log } = this.#parts;
    const { failedRecords, clock } = opened.ports;
    const damage = await checkDatabase(opened.paths.database);
    if (damage === undefined) await failedRecords.clear('database', 'anchor.db');
    else {
      log.error(`the database is damaged: ${damage}. Restore a backup: ./up --restore FILE`);
      await failedRecords.fail({
        kind: 'database',
        id: 'anchor.db',
        why: `it is damaged (restore a backup: ./up --restore FILE): ${damage}`,
        tries: MAX_TRIES,
        now: clock.now(),
      });
    }
    await scrub.pass(this.#ending.signal);
  }
}
