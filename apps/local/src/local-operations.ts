import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { cleanDirectories } from '@anchor/function-host/clean-directories.ts';
import { dropRow, forgetRow, rowIsSound } from '@anchor/adapter-local/sqlite/damaged-rows.ts';
import { createBackup } from '@anchor/adapter-local/backup/platform-backup.ts';
import { openBackup } from '@anchor/adapter-local/backup/open-backup.ts';
import { diskSpace } from '@anchor/adapter-local/disk/disk-capacity.ts';
import type { ProjectId } from '@anchor/core/names/id.ts';
import type {
  CleanUpReport,
  HealthCheck,
  Metric,
  PlatformOperations,
  RestoredBackup,
} from '@anchor/core/ports/platform-operations.ts';
import type { Sandboxes } from '@anchor/core/ports/sandbox.ts';
import { MAX_TRIES } from '@anchor/core/records/failed-record.ts';
import type { RecordHandler } from '@anchor/core/records/redrive.ts';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';
import { collectGarbage } from '@anchor/core/retention/gc.ts';
import { DEFAULT_RETENTION } from '@anchor/core/retention/retention-settings.ts';
import { ownerOfBlob } from '@anchor/core/retention/owner-of-blob.ts';
import { freeCaches } from './caches.ts';
import { clockWatch, type ClockWatch } from './clock-watch.ts';
import { healthChecks } from './health-checks.ts';
import type { LocalComposition } from './compose.ts';
import { localMetrics } from './local-metrics.ts';
import { tidyRepositories } from './repositories-upkeep.ts';
import type { Settings } from './settings.ts';

type Options = Readonly<{
  opened: LocalComposition;
  sandboxes: Sandboxes;
  settings: Settings;
  /** Handlers of failed records that other parts of the process have. */
  records: Readonly<Record<string, RecordHandler>>;
  /** Moves those of these blobs aside that are damaged. */
  checkBlobs: (hashes: readonly string[]) => Promise<void>;
  /** Stops everything, swaps the data directory for this one and starts again; the response in flight still leaves. */
  restart: (directory: string) => void;
}>;

/** Operates a one-machine installation: cleans its directories, writes and restores backups, checks its processes. */
export class LocalOperations implements PlatformOperations {
  readonly #options: Options;
  readonly #clock: ClockWatch;
  readonly records: Readonly<Record<string, RecordHandler>>;
  /** The operation that runs. A clean-up must not remove what a backup is about to read. */
  #running: string | undefined;

  constructor(options: Options) {
    this.#options = options;
    this.#clock = clockWatch(options.opened.ports);
    this.records = { ...options.records, row: rowHandler(options.opened.db) };
  }

  async gc({
    dryRun,
    caches,
    force = false,
  }: Readonly<{ dryRun: boolean; caches: boolean; force?: boolean }>): Promise<Result<CleanUpReport>> {
    const jump = force ? undefined : await this.#clock.jump();
    if (jump !== undefined)
      return fail(
        'conflict',
        'The clock of the machine jumped, so nothing is removed because of its age',
        'Check the time (timedatectl). If it is right, run `anchor gc --force`.',
        jump,
      );
    if (force && !dryRun) await this.#clock.accept();
    return await this.#exclusive('clean-up', () => cleanUp(this.#options, { dryRun, caches, force }));
  }

  async backup(signal: AbortSignal): Promise<Result<AsyncIterable<Uint8Array>>> {
    const { ports, paths, db } = this.#options.opened;
    const file = join(paths.temporary, `backup-${randomUUID()}.tar.gz`);
    const made = await this.#exclusive('backup', () => createBackup(db, paths, file));
    if (!made.ok) return made;
    if (!made.value.ok) return made.value;
    // Else they would be served until the next pass over all blobs, which may be a day away.
    await this.#options.checkBlobs(made.value.value.broken);
    for (const hash of made.value.value.broken) {
      const listed = await ports.failedRecords.get('blob', hash);
      if (listed !== undefined) continue;
      const project = await ownerOfBlob(ports, hash).catch(() => undefined);
      await ports.failedRecords.fail({
        kind: 'blob',
        id: hash,
        ...(project === undefined ? {} : { project }),
        why: 'it was missing or damaged when a backup was made',
        tries: MAX_TRIES,
        now: ports.clock.now(),
      });
    }
    return ok(await readAndRemove(file, signal));
  }

  async restore(content: AsyncIterable<Uint8Array>): Promise<Result<RestoredBackup>> {
    const { paths } = this.#options.opened;
    const file = join(paths.temporary, `restore-${randomUUID()}.tar.gz`);
    const directory = join(paths.data, `restoring-${randomUUID()}`);
    const opening = await this.#exclusive('restore', async () => {
      try {
        await pipeline(content, createWriteStream(file, { mode: 0o600 }));
        return await openBackup(file, directory);
      } finally {
        await rm(file, { force: true });
      }
    });
    const checked = opening.ok ? opening.value : opening;
    if (checked.ok) this.#options.restart(directory);
    else await rm(directory, { recursive: true, force: true });
    return checked;
  }

  disk(): Promise<Readonly<{ freeBytes: number; totalBytes: number }>> {
    return diskSpace(this.#options.opened.paths.data);
  }

  async projectRemoved(projectId: ProjectId): Promise<void> {
    await this.#options.sandboxes.removeDisk(projectId.replaceAll('_', '-'));
  }

  checks(): Promise<readonly HealthCheck[]> {
    const { opened, sandboxes, settings } = this.#options;
    return healthChecks(opened, sandboxes, settings);
  }

  metrics(): Promise<readonly Metric[]> {
    return localMetrics(this.#options.opened);
  }

  async #exclusive<T>(what: string, run: () => Promise<T>): Promise<Result<T>> {
    if (this.#running !== undefined)
      return fail('conflict', `A ${this.#running} is running`, 'Retry when it has finished.');
    this.#running = what;
    try {
      return ok(await run());
    } finally {
      this.#running = undefined;
    }
  }
}

async function cleanUp(
  { opened, settings }: Options,
  { dryRun, caches, force }: Readonly<{ dryRun: boolean; caches: boolean; force: boolean }>,
): Promise<CleanUpReport> {
  const { ports, paths } = opened;
  const started = ports.clock.now();
  const before = ports.clock.now() - DEFAULT_RETENTION.graceMs;
  const report = await collectGarbage(ports, {
    ...DEFAULT_RETENTION,
    artifactDays: settings.artifactDays,
    recordDays: settings.recordDays,
  })({ dryRun, force });
  const freed = await freeCaches(opened, {
    dryRun,
    all: caches,
    ...(report.complete ? { nodesInUse: report.nodesInUse } : {}),
  });
  // The set of what is needed is incomplete: local copies that may be needed stay.
  if (!report.complete) return { ...report, caches: freed };
  if (!dryRun) await cleanDirectories(paths.trees, new Set(report.treesInUse), before);
  if (!dryRun) await cleanDirectories(join(paths.data, 'cache'), new Set(report.retainedDeployments), before);
  const disks = dryRun ? [] : await readdir(paths.functionDisks, { withFileTypes: true }).catch(() => []);
  for (const disk of disks)
    if (disk.isDirectory())
      await cleanDirectories(join(disk.parentPath, disk.name), new Set(report.retainedDeployments), before);
  return {
    ...report,
    caches: [...freed, await tidyRepositories(opened, report.retainedDeployments, { dryRun, since: started })],
  };
}

/** Reads a file that is removed at once: nothing stays when the response is never read. */
async function readAndRemove(file: string, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
  const handle = await open(file);
  await rm(file, { force: true });
  const stream = handle.createReadStream();
  if (signal.aborted) stream.destroy();
  signal.addEventListener('abort', () => stream.destroy(), { once: true });
  return stream;
}

/** Handles damaged rows: one is valid again once it was repaired, such as from a backup. */
const rowHandler = (db: LocalComposition['db']): RecordHandler => ({
  async retry(id) {
    forgetRow(db, id);
    return rowIsSound(db, id)
      ? ok(undefined)
      : fail(
          'conflict',
          `The row ${id} still does not parse`,
          `Repair it from a backup (./up --restore FILE), or drop it: anchor dead-letters drop row:${id}`,
        );
  },
  async drop(id) {
    forgetRow(db, id);
    await dropRow(db, id);
    return ok(undefined);
  },
});
