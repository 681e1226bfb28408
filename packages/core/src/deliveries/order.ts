import type { CommitSha } from '../names/name.ts';
import type { HeadRef } from '../ports/branch-heads.ts';
import type { Ports } from '../ports/ports.ts';
import { headTime, type Deployment } from '../deployments/deployment.ts';
import { forkSuffix, type DeploymentRequest } from '../deployments/plan-deployment.ts';

/**
 * The place of a pushed commit among those of its branch. `head`: it is the newest. `same`: the newest known one again.
 * `late`: the branch has moved past it. `moved`: the git host names a head that no delivery has brought yet. `unknown`:
 * the git host could not be reached.
 */
export type Order = Readonly<{ kind: 'head' | 'same' | 'unknown' } | { kind: 'late' | 'moved'; head: CommitSha }>;

type OrderRequest = Pick<DeploymentRequest, 'project' | 'environment' | 'source' | 'pullRequest'>;

/** A git host waits 10 s for the response to a webhook (GitHub), and a lookup may wait for the one before it. */
export const LOOKUP_MS = 4_000;

/**
 * Decides by the branch's history, not by arrival: git hosts deliver late, twice and out of order. Pushes name the
 * branch's previous commit, which orders most of them without a lookup. `earlier`: the branch's newest deployments
 * (`recentOfBranch`); an order that goes further back is requested from the git host, for at most `withinMs` ms.
 */
export const orderOf =
  (ports: Pick<Ports, 'heads'>) =>
  async (request: OrderRequest, earlier: readonly Deployment[], withinMs = LOOKUP_MS): Promise<Order> => {
    const { source } = request;
    if (source.kind !== 'git') return { kind: 'head' };
    const known = newestFirst(earlier, request);
    const head = commitOf(known[0]);
    if (head === undefined) return { kind: 'head' };
    if (head === source.commit) return { kind: 'same' };
    const seen = known.some((deployment) => commitOf(deployment) === source.commit);
    if (source.before === head && !seen) return { kind: 'head' };
    if (source.before !== head && leadsTo(source.commit, head, known)) return { kind: 'late', head };
    const current = await ports.heads.head(request.project, refOf(request), withinMs);
    if (!current.ok) return { kind: 'unknown' };
    if (current.value === source.commit) return { kind: 'head' };
    return { kind: current.value === head ? 'late' : 'moved', head: current.value };
  };

/** Returns the branch's deployments from pushes; the one whose commit became the head last comes first. */
function newestFirst(earlier: readonly Deployment[], { source, pullRequest }: OrderRequest): readonly Deployment[] {
  const mark = forkSuffix(pullRequest === undefined ? {} : { pullRequest });
  return earlier
    .filter((item) => item.source.kind === 'git' && item.unordered !== true && forkSuffix(item) === mark)
    .sort((a, b) => headTime(b, source.branch) - headTime(a, source.branch));
}

const commitOf = (deployment: Deployment | undefined): CommitSha | undefined =>
  deployment?.source.kind === 'git' ? deployment.source.commit : undefined;

/** Returns whether known pushes moved the branch from `from`, over any number of steps, to `to`. */
function leadsTo(from: CommitSha, to: CommitSha, known: readonly Deployment[]): boolean {
  const reached = new Set<CommitSha>([from]);
  for (let grown = true; grown;) {
    grown = false;
    for (const { source } of known) {
      if (
        source.kind !== 'git' ||
        source.before === undefined ||
        !reached.has(source.before) ||
        reached.has(source.commit)
      )
        continue;
      reached.add(source.commit);
      grown = true;
    }
  }
  return reached.has(to) && from !== to;
}

function refOf({ source, pullRequest }: OrderRequest): HeadRef {
  if (pullRequest?.fork === true || source.branch === undefined)
    return { kind: 'pull_request', number: pullRequest?.number ?? 0 };
  return { kind: 'branch', branch: source.branch };
}
