import type { FunctionSettings } from '@anchor/core/projects/project.ts';
import type { DeploymentId } from '@anchor/core/names/id.ts';
import type { Upstream } from '@anchor/core/ports/function-host.ts';
import type { Result } from '@anchor/core/result/result.ts';

/** Why an instance is gone; `reason` is a sentence part for people: "exit code 1", "killed for using more than 512 MB". */
export type Departure = Readonly<{
  reason: string;
  /** It was stopped because its deployment's cache has outgrown its limit. */
  cacheFull: boolean;
}>;

/** One running instance that accepts connections. */
export type Instance = Readonly<{
  upstream: Upstream;
  memoryMb: number;
  /** Milliseconds from the start to the first accepted connection. */
  startMs: number;
  pid: number | undefined;
  /** Highest memory use so far, in MiB. */
  memoryPeakMb(): Promise<number>;
  /** Memory that it holds now, in MiB; 0 where that is not known. */
  heldMb(): Promise<number>;
  /** Resolves when every process of it is gone. */
  gone: Promise<Departure>;
  /** False once it has ended. */
  alive(): boolean;
  /** SIGTERM; SIGKILL after `seconds`. Resolves when it is gone. */
  drain(seconds: number): Promise<void>;
  /** SIGKILL, for one that nobody has used. Resolves when it is gone. */
  discard(): Promise<void>;
}>;

/** A function that is ready to be started: looked up, files and Node in place. An abort ends a start that nobody waits for any more. */
export type Startable = Readonly<{ settings: FunctionSettings; start(signal: AbortSignal): Promise<Result<Instance>> }>;

export type Launcher = Readonly<{
  /** Looks the deployment up and puts its files and Node in place. */
  prepare(deploymentId: DeploymentId): Promise<Result<Startable>>;
  /** Prepares it and keeps a sandbox ready, for a few with a process in it, so that the next start is as fast as it can be. */
  standBy(deploymentId: DeploymentId): Promise<Result<void>>;
  /** Gives that up. */
  standDown(deploymentId: DeploymentId): Promise<void>;
  /** Empties the deployment's cache, but for the record of invalidated tags. Only while none of its functions runs. */
  clearCache(deploymentId: DeploymentId): Promise<void>;
  /** Sandboxes that wait, and how many of them with a process in it. */
  standbys(): number;
  waiting(): number;
  /** A line of the platform itself in the deployment's run log. */
  note(deploymentId: DeploymentId, level: 'info' | 'warn' | 'error', text: string): void;
  /** Gives everything that waits up, and resolves when every line so far is in the log store. */
  close(): Promise<void>;
}>;
