import type { ProjectId } from '@anchor/core/names/id.ts';
import type { Claim, Shortage } from './memory-budget.ts';

/** One deployment's instances, as candidates for eviction. */
export type EvictionCandidate = Readonly<{
  projectId(): ProjectId | undefined;
  live(): boolean;
  lastUsed(): number;
  /** Drains all instances if they are idle. Returns whether it did. */
  evict(): boolean;
  /** Drains one busy instance; of a live deployment only one of several. Returns whether it did. */
  preempt(): boolean;
}>;

/**
 * Starts an eviction for a claim, and returns whether there was a candidate. Idle instances are evicted first: previews
 * and old deployments before production, those of the project that holds most before others, then the least recently
 * used. When none is idle, a busy instance is preempted of a project that holds more than the claim's project would.
 * Within a project's own share, production preempts its other deployments, and a new deployment preempts one of several
 * instances of the deployment that it replaces.
 */
export function evictFor(
  claim: Claim,
  shortage: Shortage,
  instances: readonly EvictionCandidate[],
  heldBy: (projectId: ProjectId) => number,
): boolean {
  const memoryOf = (instance: EvictionCandidate): number => heldBy(instance.projectId() ?? claim.projectId);
  const order = (a: EvictionCandidate, b: EvictionCandidate): number =>
    Number(a.live()) - Number(b.live()) || memoryOf(b) - memoryOf(a) || a.lastUsed() - b.lastUsed();
  const candidates = instances
    .filter((instance) => shortage === 'machine' || instance.projectId() === claim.projectId)
    .sort(order);
  if (candidates.some((instance) => instance.evict())) return true;
  const deserves = (instance: EvictionCandidate): boolean =>
    shortage === 'machine'
      ? memoryOf(instance) > heldBy(claim.projectId) + claim.memoryMb && (claim.live || !instance.live())
      : claim.live && (!instance.live() || claim.first);
  return candidates.filter(deserves).some((instance) => instance.preempt());
}
