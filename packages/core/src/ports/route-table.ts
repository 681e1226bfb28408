import type { DeploymentId, ProjectId } from '../names/id.ts';
import type { HostName } from '../names/name.ts';

/** What the edge needs to know of a host. */
export type HostRoute = Readonly<{
  host: HostName;
  projectId: ProjectId;
  deploymentId: DeploymentId;
  artifact: string;
  /** Earlier deployments of this host, newest first, whose immutable files stay reachable. */
  earlier: readonly EarlierDeployment[];
}>;

/** `until`: when (milliseconds since the epoch) requests of tabs that were opened on it go to the current deployment instead. */
export type EarlierDeployment = Readonly<{ deploymentId: DeploymentId; artifact: string; until: number }>;

/**
 * The edge's own copy of the aliases. Works while the control plane is down. `lookup` never answers an old deployment
 * for longer than 100 ms after a switch on one machine; seconds on AWS (KeyValueStore, 1 KB a value, 5 MB in all).
 */
export interface RouteTable {
  lookup(host: HostName): HostRoute | undefined;
  /** Another number whenever some host may have another route than before: while it stays, `lookup` answers the same objects. */
  generation(): number;
  /** Reads the newest state now: called for a host that `lookup` does not know, and before a verification. */
  refresh(): void;
  close(): void;
}
