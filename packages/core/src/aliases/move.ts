import type { DeploymentId, ProjectId } from '../names/id.ts';
import type { HostName } from '../names/name.ts';
import type { Ports } from '../ports/ports.ts';
import { fail, ok, type Result } from '../result/result.ts';
import type { Alias, AliasKind } from './alias.ts';

const HISTORY = 20;
/** How long a switch may take to reach every edge worker before it is called failed; normally some 20 ms. */
const SETTLE_MS = 5_000;
/** How often a switch that takes longer looks whether the alias has moved on meanwhile: then no edge will ever serve it. */
const LOOK_MS = 500;

export type Move = Readonly<{
  host: HostName;
  projectId: ProjectId;
  deploymentId: DeploymentId;
  kind: AliasKind;
  target: string;
  pinned: boolean;
  /** The alias as the caller saw it; the move wins only if nobody moved it since. */
  seen: Alias | undefined;
}>;

/** The one operation under promote, rollback and preview: compare-and-set on an alias, then wait until every edge serves it. */
export const moveAlias = (ports: Pick<Ports, 'aliases' | 'clock' | 'probe'>) => async (move: Move): Promise<Result<Alias>> => {
  const { seen } = move;
  if (seen !== undefined && seen.projectId !== move.projectId) return taken(move.host);
  const history = seen === undefined || seen.deploymentId === move.deploymentId ? (seen?.history ?? []) : [seen.deploymentId, ...seen.history.filter((id) => id !== seen.deploymentId)].slice(0, HISTORY);
  const next: Alias = {
    host: move.host, projectId: move.projectId, deploymentId: move.deploymentId, kind: move.kind, target: move.target,
    pinned: move.pinned, history, revision: (seen?.revision ?? 0) + 1, updatedAt: ports.clock.now(),
  };
  const unchanged = seen !== undefined && seen.deploymentId === next.deploymentId && seen.pinned === next.pinned;
  if (!unchanged && !(await ports.aliases.compareAndSet(next))) return lost(move.host, await ports.aliases.get(move.host));
  for (let waited = LOOK_MS; ; waited += LOOK_MS) {
    const settled = await ports.probe.settled(move.host, move.deploymentId, LOOK_MS);
    if (settled.ok) return ok(unchanged ? seen : next);
    const current = await ports.aliases.get(move.host);
    // Who changed nothing was too late; who did switch was followed by somebody else, and that switch is theirs to see through.
    if (current?.deploymentId !== move.deploymentId) return unchanged ? lost(move.host, current) : ok(next);
    if (waited >= SETTLE_MS) return settled;
  }
};

const lost = (host: HostName, winner: Alias | undefined) =>
  fail('conflict', `${host} was moved by somebody else at the same moment`, 'Look at what is live now (anchor projects inspect) and try again if you still want it.', winner === undefined ? 'the alias was removed' : `it points at ${winner.deploymentId} now`);

export const taken = (host: HostName) =>
  fail('conflict', `${host} belongs to another project`, 'Rename the project or the branch, or remove the other project.');
