import type { DeploymentId } from '../names/id.ts';
import type { LogLevel, LogLine } from '../logs/log-line.ts';
import type { LogPage } from '../logs/log-page.ts';

export type LogKind = 'build' | 'run';
/**
 * Selects lines: `level` means this level or a more severe one, `text` is contained in the line whatever the case.
 * `after` 0 or more: the first `limit` lines with a greater `n`. Without `after`: the last `limit` lines, or all;
 * following continues from there (and when `after` is given, `limit` does not end it). Always in order of `n`.
 * `maxText`: `read` returns no further line once the text of its lines is this long (characters); following ignores it.
 */
export type LogFilter = Readonly<{
  after?: number;
  level?: LogLevel;
  requestId?: string;
  text?: string;
  limit?: number;
  maxText?: number;
}>;

/**
 * Lines of a deployment's build or run time, whole and in order of arrival within one log. (AWS: objects in S3 with an
 * index; followers may see lines seconds late.) Redaction happens before `append`.
 */
export interface LogStore {
  /** Appends lines; `n` is given by the store. Survives a crash of the process once resolved (not of the machine). */
  append(kind: LogKind, deploymentId: DeploymentId, lines: readonly Omit<LogLine, 'n'>[]): Promise<void>;
  /** Returns the selected lines; none for an unknown log. */
  read(kind: LogKind, deploymentId: DeploymentId, filter: LogFilter): Promise<readonly LogLine[]>;
  /** Yields the lines after `after`, then new ones, in pages, until the log is closed or the signal aborts. */
  follow(kind: LogKind, deploymentId: DeploymentId, filter: LogFilter, signal: AbortSignal): AsyncIterable<LogPage>;
  /** Marks the log as complete and ends its followers. */
  close(kind: LogKind, deploymentId: DeploymentId): Promise<void>;
  /** Removes all logs of a deployment. */
  remove(deploymentId: DeploymentId): Promise<void>;
}
