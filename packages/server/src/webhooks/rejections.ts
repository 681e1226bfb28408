import { newId, type ProjectId } from '@anchor/core/names/id.ts';
import type { Delivery, DeliverySource } from '@anchor/core/deliveries/delivery.ts';
import type { Ports } from '@anchor/core/ports/ports.ts';
import { newExternalId } from './providers.ts';

export type Rejected = Readonly<{
  projectId: ProjectId;
  source: DeliverySource;
  event: string;
  headers: Readonly<Record<string, string>>;
  body: string;
  reason: string;
}>;

const BODY_CHARS = 1_024;
/** How many a project may record in a minute; what is above is counted in the next one's reason. */
const PER_MINUTE = 20;

/**
 * Records refused deliveries so that a user sees why nothing was deployed. Bounded, because they need no token: few a
 * minute, the start of the body only, and the newest `keep` of each project.
 */
export function rejections(ports: Pick<Ports, 'deliveries' | 'clock'>, keep: number) {
  const minutes = new Map<ProjectId, { minute: number; count: number }>();

  const admitted = (projectId: ProjectId, now: number): boolean => {
    const minute = Math.floor(now / 60_000);
    const seen = minutes.get(projectId);
    if (seen === undefined || seen.minute !== minute) {
      if (minutes.size > 10_000) minutes.clear();
      minutes.set(projectId, { minute, count: 1 });
      return true;
    }
    seen.count += 1;
    return seen.count <= PER_MINUTE;
  };

  /** Resolves when it is recorded, or at once when there were too many this minute. */
  return async (rejected: Rejected): Promise<void> => {
    const now = ports.clock.now();
    if (!admitted(rejected.projectId, now)) return;
    const { projectId, source, event, headers, reason } = rejected;
    const delivery: Delivery = {
      id: newId('dlv', now),
      projectId,
      source,
      externalId: `rejected-${newExternalId()}`,
      event,
      headers,
      body: rejected.body.slice(0, BODY_CHARS),
      state: 'rejected',
      reason,
      deploymentIds: [],
      receivedAt: now,
      version: 1,
    };
    await ports.deliveries.insert(delivery);
    await forgetOld(ports, projectId, keep);
  };
}

async function forgetOld(ports: Pick<Ports, 'deliveries'>, projectId: ProjectId, keep: number): Promise<void> {
  const filter = { projectId, state: 'rejected' } as const;
  const newest = await ports.deliveries.list(filter, { limit: Math.min(keep, 100) });
  if (newest.cursor === undefined) return;
  const older = await ports.deliveries.list(filter, { limit: 100, cursor: newest.cursor });
  await Promise.all(older.items.map((delivery) => ports.deliveries.remove(delivery.id)));
}
