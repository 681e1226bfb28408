import type { Delivery } from '@anchor/core/deliveries/delivery.ts';
import type { DeliveryStore } from '@anchor/core/ports/stores.ts';
import type { Database } from '../database.ts';
import { itemsOf } from '../damaged-rows.ts';
import { documents, type Documents } from '../documents.ts';

export const deliveryTable = (db: Database): Documents<Delivery> =>
  documents<Delivery>(db, {
    table: 'deliveries',
    columns: {
      created_at: (delivery) => delivery.receivedAt,
      project_id: (delivery) => delivery.projectId,
      source: (delivery) => delivery.source,
      external_id: (delivery) => delivery.externalId,
      state: (delivery) => delivery.state,
    },
  });

export function deliveryStore(db: Database): DeliveryStore {
  const table = deliveryTable(db);
  return {
    get: table.get,
    insert: table.insert,
    replace: table.replace,
    remove: table.remove,
    byExternalId: async (projectId, source, externalId) =>
      table.find({ project_id: projectId, source, external_id: externalId }),
    list: async ({ projectId, state }, page) => table.page({ project_id: projectId, state }, page),
    // The literal lets SQLite use the partial index; oldest first, as they came.
    unprocessed: async () =>
      itemsOf<Delivery>(
        db,
        'deliveries',
        db.all("SELECT id, project_id, doc FROM deliveries WHERE state = 'received' ORDER BY seq"),
      ),
  };
}
