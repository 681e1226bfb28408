import type { DeploymentId } from '../names/id.ts';
import type { LogLevel, LogLine } from '../logs/log-line.ts';

export type LogKind = 'build' | 'run';
/**
 * Which lines: `level` means this level or a graver one, `text` is contained in the line whatever the case. `after` 0 or
 * more: the first `limit` lines with a greater `n`. Without `after`: the last `limit` lines, or all; following goes on
 * from there (and when `after` is given, `limit` does not end it). Always in order of `n`.
 */
export type LogFilter = Readonly<{ after?: number; level?: LogLevel; requestId?: string; text?: string; limit?: number }>;

/**
 * Lines of a deployment's build or run time, whole and in order of arrival within one log. (AWS: objects in S3 with an
 * index; followers may see lines seconds late.) Redaction happens before `append`.
 */
export interface LogStore {
  /** Appends lines; `n` is given by the store. Survives a crash of the process once resolved (not of the machine). */
  append(kind: LogKind, deploymentId: DeploymentId, lines: readonly Omit<LogLine, 'n'>[]): Promise<void>;
  read(kind: LogKind, deploymentId: DeploymentId, filter: LogFilter): Promise<readonly LogLine[]>;
  /** Lines after `after`, then those that come, until the log is closed or the signal aborts. */
  follow(kind: LogKind, deploymentId: DeploymentId, filter: LogFilter, signal: AbortSignal): AsyncIterable<LogLine>;
  /** No more lines will come: ends followers. */
  close(kind: LogKind, deploymentId: DeploymentId): Promise<void>;
  remove(deploymentId: DeploymentId): Promise<void>;
}
