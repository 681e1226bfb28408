import { parseId } from '../names/id.ts';
import type { Ports } from '../ports/ports.ts';
import { DROPPED } from '../records/dropped.ts';
import type { Completion, RecoverySource } from '../records/recovery-source.ts';
import { ok } from '../result/result.ts';
import { processDelivery } from './process-delivery.ts';
import type { Delivery } from './delivery.ts';

/** Deliveries that were stored and not acted on. */
export const unprocessedDeliveries = (ports: Ports): RecoverySource => ({
  kind: 'delivery',
  unfinished: async () =>
    (await ports.deliveries.unprocessed()).map((delivery) => ({
      id: delivery.id,
      project: delivery.projectId,
      complete: () => process(ports, delivery),
    })),
  async drop(id) {
    const deliveryId = parseId('dlv', id);
    const delivery = deliveryId === undefined ? undefined : await ports.deliveries.get(deliveryId);
    if (delivery?.state === 'received')
      await ports.deliveries.replace({ ...delivery, state: 'ignored', reason: DROPPED, version: delivery.version + 1 });
    return ok(undefined);
  },
});

async function process(ports: Ports, delivery: Delivery): Promise<Completion> {
  const project = await ports.projects.get(delivery.projectId);
  if (project === undefined) return 'completed';
  const processed = await processDelivery(ports, project, delivery, false);
  if (processed.ok) return 'completed';
  const { code, message, cause } = processed.error;
  return { failed: `${code}: ${message}${cause === undefined ? '' : `: ${cause}`}` };
}
