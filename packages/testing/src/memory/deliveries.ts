import type { Delivery } from '@anchor/core/deliveries/delivery.ts';
import type { DeliveryStore } from '@anchor/core/ports/stores.ts';
import { collection, type Collection } from './collection.ts';

export type MemoryDeliveries = DeliveryStore & Pick<Collection<Delivery>, 'fits' | 'add'>;

export function deliveryStore(): MemoryDeliveries {
  const key = (projectId: string, source: string, externalId: string): string =>
    JSON.stringify([projectId, source, externalId]);
  const keyOf = (delivery: Delivery): string => key(delivery.projectId, delivery.source, delivery.externalId);
  const items = collection<Delivery>(keyOf);
  return {
    ...items,
    byExternalId: async (projectId, source, externalId) =>
      items.where((delivery) => keyOf(delivery) === key(projectId, source, externalId))[0],
    list: async ({ projectId, state }, page) =>
      items.page(
        (delivery) => delivery.projectId === projectId && (state === undefined || delivery.state === state),
        (delivery) => delivery.receivedAt,
        page,
      ),
    unprocessed: async () => items.where((delivery) => delivery.state === 'received'),
  };
}
