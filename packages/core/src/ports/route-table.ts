import type { DeploymentId, ProjectId } from '../names/id.ts';
import type { HostName } from '../names/name.ts';

/** The edge's information about a host. */
export type HostRoute = Readonly<{
  host: HostName;
  projectId: ProjectId;
  deploymentId: DeploymentId;
  artifact: string;
  /** Previous deployments of this host, newest first, whose immutable files stay reachable. */
  previous: readonly PreviousDeployment[];
}>;

/**
 * `until`: when (milliseconds since the epoch) requests of tabs that were opened on it go to the current deployment
 * instead.
 */
export type PreviousDeployment = Readonly<{ deploymentId: DeploymentId; artifact: string; until: number }>;

/**
 * The edge's own copy of the aliases. Works while the control plane is down. `lookup` never returns an old deployment
 * for longer than 100 ms after a switch on one machine; seconds on AWS (KeyValueStore, 1 KB per value, 5 MB in all).
 */
export interface RouteTable {
  /** Returns the route of a host; undefined for an unknown one. Reads memory only. */
  lookup(host: HostName): HostRoute | undefined;
  /**
   * Returns another number whenever some host may have another route than before. While it is unchanged, `lookup`
   * returns the same objects.
   */
  generation(): number;
  /** Reads the newest state now: called for a host that `lookup` does not know, and before a verification. */
  refresh(): void;
  /** Stops following changes. */
  close(): void;
}
