import type { BuildSettings, Source } from '../projects/project.ts';
import type { DeploymentSource, StepName } from '../deployments/deployment.ts';
import type { DeploymentId, ProjectId } from '../names/id.ts';
import type { LogLevel } from '../logs/log-line.ts';
import type { Result } from '../result/result.ts';

/** Everything one build needs; nothing in it names a path or a vendor. */
export type BuildRequest = Readonly<{
  deploymentId: DeploymentId;
  projectId: ProjectId;
  repository: Source;
  /**
   * Git credentials for a private repository, `user:password` or a private SSH key, in clear; redacted from every log.
   */
  credentials?: string;
  source: DeploymentSource;
  settings: BuildSettings;
  /** Build-time variables, in clear, including the system's. */
  variables: Readonly<Record<string, string>>;
  /** Names of variables that functions get and the build does not. */
  runOnly?: readonly string[];
  /** Values that must never appear in the log or in the artifact. */
  secrets: readonly string[];
  /**
   * Caches are read from `scope`, then `fallback`, and written to `scope`. Absent for untrusted code: such a build
   * reads nothing that another build left, and leaves nothing.
   */
  cache?: Readonly<{ scope: string; fallback?: string }>;
  /** The `defaultNode` of an earlier build for this environment: used when nothing names a version. */
  pinnedNodeMajor?: string;
}>;

/**
 * `defaultNode`: the major of Node that it was built with because neither the project nor the application names one.
 */
export type Built = Readonly<{ artifact: string; defaultNode?: string }>;

export type BuildEvents = Readonly<{
  /** One chunk of output, not redacted, not split into lines. */
  output: (chunk: string, level: LogLevel, step: StepName) => void;
  step: (step: StepName) => void;
}>;

/**
 * Builds in isolation: own files, processes, network and limits; ends with every process of the build gone. (CodeBuild:
 * one build per container, up to 8 h, logs delivered with seconds of delay, stop is asynchronous.) The result is the
 * hash of the manifest blob; all blobs it names are stored when it resolves.
 */
export interface BuildRunner {
  /**
   * Builds one deployment. Errors: `canceled` when the signal aborts, `build_timeout`, `detect_failed`,
   * `install_failed`, `build_failed`, or a code of the sources (`source_refused`, `source_unreachable`) and of the
   * platform.
   */
  run(request: BuildRequest, events: BuildEvents, signal: AbortSignal): Promise<Result<Built>>;
  /** Succeeds when it can build; an error has the reason and the fix. */
  unavailable(): Promise<Result<void>>;
}
