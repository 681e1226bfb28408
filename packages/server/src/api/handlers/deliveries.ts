import type { Api } from '@anchor/client/endpoints/table.ts';
import { replayDelivery } from '@anchor/core/deliveries/replay.ts';
import { ok } from '@anchor/core/result/result.ts';
import type { ServerContext } from '../../context.ts';
import type { HandlersOf } from '../handler.ts';
import { pageRequest } from '../page-request.ts';
import { deliveryView, pageView } from '../views/views.ts';

export function deliveryHandlers({ ports }: ServerContext): HandlersOf<Api['deliveries']> {
  return {
    list: async ({ project, query }) =>
      ok(
        pageView(
          await ports.deliveries.list(
            { projectId: project.id, ...(query.state === undefined ? {} : { state: query.state }) },
            pageRequest(query),
          ),
          deliveryView,
        ),
      ),
    replay: async ({ delivery }) => {
      const replayed = await replayDelivery(ports)(delivery.id);
      return replayed.ok
        ? ok({ deliveryId: replayed.value.delivery.id, deploymentIds: [...replayed.value.deploymentIds] })
        : replayed;
    },
  };
}
