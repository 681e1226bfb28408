import type { DeploymentId, ProjectId } from '../names/id.ts';
import type { HostName } from '../names/name.ts';
import type { Ports } from '../ports/ports.ts';
import { fail, ok, type Result } from '../result/result.ts';
import { DEFAULT_FUNCTIONS } from '../projects/project.ts';
import type { Alias, AliasKind } from './alias.ts';

const HISTORY = 20;
/** More than that is not kept even for tabs: each host's list is in the memory of every edge worker. */
const LONGEST_HISTORY = 100;
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
export const moveAlias = (ports: Pick<Ports, 'aliases' | 'clock' | 'probe' | 'projects'>) => async (move: Move): Promise<Result<Alias>> => {
  const { seen } = move;
  if (seen !== undefined && seen.projectId !== move.projectId) return taken(move.host);
  const now = ports.clock.now();
  const next: Alias = {
    host: move.host, projectId: move.projectId, deploymentId: move.deploymentId, kind: move.kind, target: move.target,
    pinned: move.pinned, ...past(move, now, await skewSeconds(ports, move.projectId)), revision: (seen?.revision ?? 0) + 1, updatedAt: now,
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

async function skewSeconds({ projects }: Pick<Ports, 'projects'>, id: ProjectId): Promise<number> {
  return (await projects.get(id))?.functions.skewSeconds ?? DEFAULT_FUNCTIONS.skewSeconds;
}

/** What the host served before, and until when tabs reach it: what is replaced now is reachable from now on for as long as the project says. */
function past({ seen, deploymentId }: Move, now: number, skew: number): Pick<Alias, 'history' | 'reachableUntil'> {
  if (seen === undefined) return { history: [] };
  const until = Object.fromEntries(Object.entries(seen.reachableUntil ?? {}).filter(([id, end]) => id !== deploymentId && end !== undefined && end > now));
  if (seen.deploymentId === deploymentId) return { history: seen.history, reachableUntil: until };
  if (skew > 0) until[seen.deploymentId] = now + skew * 1000;
  const history = [seen.deploymentId, ...seen.history.filter((id) => id !== seen.deploymentId)].slice(0, LONGEST_HISTORY);
  return { history: history.filter((id, i) => i < HISTORY || id in until), reachableUntil: until };
}

const lost = (host: HostName, winner: Alias | undefined) =>
  fail('conflict', `${host} was moved by somebody else at the same moment`, 'Look at what is live now (anchor projects inspect) and try again if you still want it.', winner === undefined ? 'the alias was removed' : `it points at ${winner.deploymentId} now`);

export const taken = (host: HostName) =>
  fail('conflict', `${host} belongs to another project`, 'Rename the project or the branch, or remove the other project.');
