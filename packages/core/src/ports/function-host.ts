import type { DeploymentId } from '../names/id.ts';
import type { Result } from '../result/result.ts';

/** Where a function is reached. On one machine a unix socket; on AWS a function URL. */
export type Upstream = Readonly<
  { kind: 'unix'; path: string; instance: string } | { kind: 'https'; origin: string; instance: string }
>;

/**
 * Upstreams that a caller may use, for `leaseMs` from the call. `timeoutMs`: how long a request may wait for the first
 * byte of its response, as the project has set it; the sender of the request then aborts it.
 */
export type Acquired = Readonly<{ upstreams: readonly Upstream[]; leaseMs: number; timeoutMs: number }>;

/**
 * Starts functions on demand. `acquire` resolves when an instance of the deployment responds, starting one when none
 * runs; concurrent calls for one deployment start no more than are needed, and never more than the project's limit. An
 * upstream may be used while its lease lasts, counted from the call; using it longer needs `touch` before the lease
 * ends, or `acquire` again (cheap while an instance runs). An instance is stopped only when every lease has ended
 * (drain: it finishes requests in flight, then `after()` work, then exits). A connection that an upstream refuses means
 * that it is gone: nothing was sent, so acquire again and send the request there. (Lambda: a version is immutable,
 * start and stop are Lambda's, leases are free.)
 */
export interface FunctionHost {
  /**
   * Returns the upstreams of a deployment. Errors: `not_found` (no such deployment or artifact),
   * `function_start_failed`, `artifact_invalid`, `rate_limited` (memory limit of the project), `not_ready` (no host
   * runs).
   */
  acquire(deploymentId: DeploymentId): Promise<Result<Acquired>>;
  /**
   * Reports which deployments were used since the last call, with their requests in flight, and renews their leases for
   * `leaseMs` from the call. Returns those whose upstreams have changed (instances were added, cordoned or lost) or
   * whose lease had ended. Acquire them again, so that new instances are used and cordoned ones can stop.
   */
  touch(use: Readonly<Record<DeploymentId, { inflight: number }>>): Promise<readonly DeploymentId[]>;
  /**
   * Puts in place what the first start needs, without starting. Absent where a start needs nothing (Lambda). An error
   * only means that the first start takes longer.
   */
  prepare?(deploymentId: DeploymentId): Promise<Result<void>>;
  /** Drains and stops every instance of a deployment: for deployments that are removed. */
  stop(deploymentId: DeploymentId): Promise<void>;
}
