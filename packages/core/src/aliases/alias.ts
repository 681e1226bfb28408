import type { DeploymentId, ProjectId } from '../names/id.ts';
import type { HostName } from '../names/name.ts';

/**
 * Why an alias exists: an environment's own host, a branch's, a pull request's, one deployment's immutable host, or a
 * domain, which follows its environment.
 */
export type AliasKind = 'environment' | 'branch' | 'pull_request' | 'deployment' | 'domain';

/**
 * A host name that points at a deployment: the only thing that moves. `revision` is the compare-and-set condition: a
 * write names the revision it saw, and only one of two concurrent writers wins.
 */
export type Alias = Readonly<{
  host: HostName;
  projectId: ProjectId;
  deploymentId: DeploymentId;
  kind: AliasKind;
  /** The environment, branch or pull request that it belongs to. */
  target: string;
  /** Set by a rollback: later deployments build and verify but do not move it until a promote or an undo. */
  pinned: boolean;
  /**
   * Earlier deployments of this alias, newest first: the rollback targets. At most 20, but for those that tabs may
   * still reach.
   */
  history: readonly DeploymentId[];
  /**
   * Until when (milliseconds since the epoch) deployments of `history` still serve pages that were loaded from them
   * (skew protection).
   */
  skewProtectedUntil?: Readonly<Partial<Record<DeploymentId, number>>>;
  revision: number;
  updatedAt: number;
}>;
