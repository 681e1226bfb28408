import type { RequestCounts } from '../metrics/request-counts.ts';
import type { ProjectId } from '../names/id.ts';

export type StoredResolution = 'minute' | 'hour';

/** Counts of a project's requests within the minute or hour that starts at `at`, in milliseconds since the epoch. */
export type MetricRow = Readonly<{ projectId: ProjectId; at: number; counts: RequestCounts }>;

/**
 * Counts by project and time. (CloudWatch: its own roll-ups; `add` and `expire` do nothing there.) A loss costs figures,
 * so a row may be durable only some time after `add` resolves.
 */
export interface MetricStore {
  /** Adds counts to the rows of their minutes, and to the hours that these are part of. */
  add(rows: readonly MetricRow[]): Promise<void>;
  /** Returns the rows of a project from `from` up to but not including `to`, oldest first. */
  range(
    resolution: StoredResolution,
    projectId: ProjectId,
    from: number,
    to: number,
  ): Promise<readonly Omit<MetricRow, 'projectId'>[]>;
  /** Returns the sum of the rows of each project in that time, or of one. Lets other work run between projects. */
  totals(
    resolution: StoredResolution,
    from: number,
    to: number,
    only?: ProjectId,
  ): Promise<ReadonlyMap<ProjectId, RequestCounts>>;
  /** Removes rows of this resolution that start before `before`. */
  expire(resolution: StoredResolution, before: number): Promise<void>;
  /** Removes the rows of a project. */
  removeProject(projectId: ProjectId): Promise<void>;
}
