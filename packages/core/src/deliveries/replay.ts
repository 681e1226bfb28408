import type { DeliveryId } from '../names/id.ts';
import { fail, type Result } from '../result/result.ts';
import { processDelivery, type Accepted, type AcceptPorts } from './process-delivery.ts';

/** Acts on a stored delivery again, making a new deployment although its commit was deployed before. */
export const replayDelivery =
  (ports: AcceptPorts) =>
  async (id: DeliveryId): Promise<Result<Accepted>> => {
    const delivery = await ports.deliveries.get(id);
    if (delivery === undefined)
      return fail('not_found', 'There is no such delivery', 'List deliveries with: anchor deliveries list');
    if (delivery.push === undefined)
      return fail(
        'not_ready',
        'This delivery was refused and cannot be replayed',
        'Fix the reason of the refusal, then redeliver it from the git host.',
        delivery.reason,
      );
    const project = await ports.projects.get(delivery.projectId);
    if (project === undefined)
      return fail(
        'not_found',
        'The project of this delivery does not exist',
        'Create the project first: anchor projects create.',
      );
    return processDelivery(ports, project, delivery, false, true);
  };
