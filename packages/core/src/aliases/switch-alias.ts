import type { DeploymentId, ProjectId } from '../names/id.ts';
import type { HostName } from '../names/name.ts';
import type { Ports } from '../ports/ports.ts';
import { fail, ok, type Result } from '../result/result.ts';
import { DEFAULT_FUNCTIONS } from '../projects/project.ts';
import type { Alias, AliasKind } from './alias.ts';

const MAX_ROLLBACK_HISTORY = 20;
/** More than that is not kept even for tabs: each host's list is in the memory of every edge worker. */
const MAX_HISTORY = 100;
/** How long a switch may take to reach every edge worker before it is called failed; normally some 20 ms. */
const SWITCH_TIMEOUT_MS = 5_000;
/** How often a slow switch checks whether the alias has moved on meanwhile: then no edge will ever serve it. */
const CONFLICT_CHECK_MS = 500;

export type AliasSwitch = Readonly<{
  host: HostName;
  projectId: ProjectId;
  deploymentId: DeploymentId;
  kind: AliasKind;
  target: string;
  pinned: boolean;
  /** The alias as the caller saw it; the move succeeds only if it was not moved since. */
  expected: Alias | undefined;
}>;

/**
 * The one operation under promote, rollback and preview: compare-and-set on an alias, then wait until every edge serves
 * it.
 */
export const switchAlias =
  (ports: Pick<Ports, 'aliases' | 'clock' | 'probe' | 'projects'>) =>
  async (move: AliasSwitch): Promise<Result<Alias>> => {
    const { expected } = move;
    if (expected !== undefined && expected.projectId !== move.projectId) return hostTakenError(move.host);
    const now = ports.clock.now();
    const next: Alias = {
      host: move.host,
      projectId: move.projectId,
      deploymentId: move.deploymentId,
      kind: move.kind,
      target: move.target,
      pinned: move.pinned,
      ...nextHistory(move, now, await skewSeconds(ports, move.projectId)),
      revision: (expected?.revision ?? 0) + 1,
      updatedAt: now,
    };
    const unchanged =
      expected !== undefined && expected.deploymentId === next.deploymentId && expected.pinned === next.pinned;
    if (!unchanged && !(await ports.aliases.compareAndSet(next)))
      return conflictError(move.host, await ports.aliases.get(move.host));
    for (let waited = CONFLICT_CHECK_MS; ; waited += CONFLICT_CHECK_MS) {
      const settled = await ports.probe.waitUntilServing(move.host, move.deploymentId, CONFLICT_CHECK_MS);
      if (settled.ok) return ok(unchanged ? expected : next);
      const current = await ports.aliases.get(move.host);
      // Without a change this call was too late. With one, a concurrent switch followed, and that caller sees it
      // through.
      if (current?.deploymentId !== move.deploymentId) return unchanged ? conflictError(move.host, current) : ok(next);
      if (waited >= SWITCH_TIMEOUT_MS) return settled;
    }
  };

async function skewSeconds({ projects }: Pick<Ports, 'projects'>, id: ProjectId): Promise<number> {
  return (await projects.get(id))?.functions.skewSeconds ?? DEFAULT_FUNCTIONS.skewSeconds;
}

/**
 * Returns the host's history after a switch: earlier deployments and until when skew protection serves them. The one
 * that is replaced now stays reachable for as long as the project's setting says.
 */
function nextHistory(
  { expected, deploymentId }: AliasSwitch,
  now: number,
  skew: number,
): Pick<Alias, 'history' | 'skewProtectedUntil'> {
  if (expected === undefined) return { history: [] };
  const until = Object.fromEntries(
    Object.entries(expected.skewProtectedUntil ?? {}).filter(
      ([id, end]) => id !== deploymentId && end !== undefined && end > now,
    ),
  );
  if (expected.deploymentId === deploymentId) return { history: expected.history, skewProtectedUntil: until };
  if (skew > 0) until[expected.deploymentId] = now + skew * 1000;
  const history = [expected.deploymentId, ...expected.history.filter((id) => id !== expected.deploymentId)].slice(
    0,
    MAX_HISTORY,
  );
  return { history: history.filter((id, i) => i < MAX_ROLLBACK_HISTORY || id in until), skewProtectedUntil: until };
}

const conflictError = (host: HostName, winner: Alias | undefined) =>
  fail(
    'conflict',
    `${host} was changed concurrently`,
    'Run `anchor projects inspect` to see what is live, then retry.',
    winner === undefined ? 'the alias was removed' : `it points at ${winner.deploymentId} now`,
  );

export const hostTakenError = (host: HostName) =>
  fail(
    'conflict',
    `${host} belongs to another project`,
    'Rename the project or the branch, or remove the other project.',
  );
