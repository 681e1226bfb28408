import type { FunctionSettings } from '@anchor/core/projects/project.ts';
import type { DeploymentId, ProjectId } from '@anchor/core/names/id.ts';
import type { Upstream } from '@anchor/core/ports/function-host.ts';
import type { Result } from '@anchor/core/result/result.ts';

/** How an instance ended. `reason` is part of a sentence: "exit code 1", "killed for using more than 512 MB". */
export type InstanceExit = Readonly<{
  reason: string;
  /** It was killed because its deployment's cache exceeded its limit. */
  cacheFull: boolean;
}>;

/** One running instance that accepts connections. */
export type Instance = Readonly<{
  upstream: Upstream;
  memoryMb: number;
  /** Milliseconds from the start to the first accepted connection. */
  startMs: number;
  pid: number | undefined;
  /** Returns its peak memory, in MiB. */
  memoryPeakMb(): Promise<number>;
  /** Returns its resident memory, in MiB; 0 where it cannot be measured. */
  residentMb(): Promise<number>;
  /** Resolves when all of its processes have exited. */
  exited: Promise<InstanceExit>;
  /** Returns false once it has ended. */
  alive(): boolean;
  /**
   * Sends SIGTERM, and SIGKILL after `seconds`. Resolves when it has exited. With `idle` the run log names the handles
   * that it still held.
   */
  drain(seconds: number, idle?: boolean): Promise<void>;
  /** Sends SIGKILL, for an instance that was never used. Resolves when it has exited. */
  discard(): Promise<void>;
}>;

/** A function whose files and Node are in place. The signal aborts a start that is no longer needed. */
export type PreparedFunction = Readonly<{
  projectId: ProjectId;
  settings: FunctionSettings;
  start(signal: AbortSignal): Promise<Result<Instance>>;
}>;

export type InstanceFactory = Readonly<{
  /** Resolves a deployment and puts its files and Node in place. */
  prepare(deploymentId: DeploymentId): Promise<Result<PreparedFunction>>;
  /** Returns whether the deployment serves production, or is about to. */
  isLive(deploymentId: DeploymentId): Promise<boolean>;
  /** Prewarms a deployment: keeps an empty sandbox and, within the budget, a started process. */
  prewarm(deploymentId: DeploymentId): Promise<Result<void>>;
  /** Removes the warm sandbox and the prewarmed process. */
  releaseWarm(deploymentId: DeploymentId): Promise<void>;
  /** Empties the deployment's cache except the tag-invalidation log. Only valid while none of its instances runs. */
  clearCache(deploymentId: DeploymentId): Promise<void>;
  /** Returns the number of warm sandboxes, and of those with a prewarmed process. */
  warmCount(): number;
  prewarmedCount(): number;
  /** Writes a line of the platform to the deployment's run log. */
  logPlatformLine(deploymentId: DeploymentId, level: 'info' | 'warn' | 'error', text: string): void;
  /** Removes everything warm, and resolves when every line is in the log store. */
  close(): Promise<void>;
}>;
