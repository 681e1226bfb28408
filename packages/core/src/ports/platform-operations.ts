import type { DeploymentId, ProjectId } from '../names/id.ts';
import type { RecordHandler } from '../records/redrive.ts';
import type { Result } from '../result/result.ts';

/** One check of `anchor doctor`. A check that failed names its fix. */
export type HealthCheck = Readonly<{ name: string; ok: boolean; message: string; fix?: string }>;

/**
 * One metric in the terms of Prometheus: `name` with its unit, `_total` at the end of a counter. Each sample has labels of
 * its own.
 */
export type Metric = Readonly<{
  name: string;
  help: string;
  type: 'gauge' | 'counter' | 'histogram';
  /** `part`: of a histogram. */
  samples: readonly Readonly<{
    part?: 'bucket' | 'sum' | 'count';
    labels: Readonly<Record<string, string>>;
    value: number;
  }>[];
}>;

/**
 * The size of one kind of caches, and what of it was freed (or would be). `projects` where each project has its own,
 * most recently used first.
 */
export type CacheUsage = Readonly<{
  kind: string;
  bytes: number;
  limitBytes?: number;
  freedBytes: number;
  projects?: readonly Readonly<{ project: string; bytes: number; usedAt: number; inUse: boolean; freed: boolean }>[];
}>;

/** What a clean-up removed (or would remove). `held`: why less was removed than seems unused, and how to continue. */
export type CleanUpReport = Readonly<{
  artifacts: readonly DeploymentId[];
  records: readonly DeploymentId[];
  deliveries: number;
  blobs: number;
  bytes: number;
  held?: Readonly<{ reason: string; fix: string }>;
  caches: readonly CacheUsage[];
}>;

/** The contents of a restored backup. */
export type RestoredBackup = Readonly<{ projects: number; deployments: number; blobs: number; bytes: number }>;

/**
 * Operates one installation: clean-up, backup, restore and health checks. Clean-up, backup and restore may exclude one
 * another: the later call then fails with `conflict` and changes nothing. (AWS: backups are the services' own, so
 * `restore` is absent; `disk` reports the quota of the bucket.)
 */
export interface PlatformOperations {
  /**
   * Removes what retention no longer needs. `dryRun` changes nothing and reports what would be removed. `caches` frees
   * every cache that is not in use, not only those beyond their limits. `force` removes blobs although no record
   * explains why so many are unused, and although the clock jumped. Errors: `conflict`.
   */
  gc(input: Readonly<{ dryRun: boolean; caches: boolean; force?: boolean }>): Promise<Result<CleanUpReport>>;
  /**
   * Returns a backup file that was verified before its first byte; the stream's end is the file's end. Errors:
   * `conflict`, `disk_full`.
   */
  backup(signal: AbortSignal): Promise<Result<AsyncIterable<Uint8Array>>>;
  /**
   * Verifies a backup file and restarts the installation from it after the response. A file that is not a whole backup
   * is refused and changes nothing.
   */
  restore?(content: AsyncIterable<Uint8Array>): Promise<Result<RestoredBackup>>;
  /** Runs all checks. Never rejects because a part of the platform is down: that part's check fails instead. */
  checks(): Promise<readonly HealthCheck[]>;
  /** Returns the metrics of the installation. */
  metrics(): Promise<readonly Metric[]>;
  /** Handlers of failed records whose kinds only this deployment target has. */
  readonly records?: Readonly<Record<string, RecordHandler>>;
  /** Returns the space of the storage that holds the data, in bytes. */
  disk(): Promise<Readonly<{ freeBytes: number; totalBytes: number }>>;
  /** Stops a project's running builds and removes its caches; called before its records are removed. Idempotent. */
  projectRemoved?(projectId: ProjectId): Promise<void>;
}
