import { ChangeHub } from '@anchor/core/changes/change-hub.ts';
import type { Deployment } from '@anchor/core/deployments/deployment.ts';
import type { DeploymentStore } from '@anchor/core/ports/stores.ts';
import type { Database } from '../database.ts';
import { itemsOf } from '../damaged-rows.ts';
import { documents, type Documents } from '../documents.ts';

export const deploymentTable = (db: Database): Documents<Deployment> =>
  documents<Deployment>(db, {
    table: 'deployments',
    columns: {
      created_at: (deployment) => deployment.createdAt,
      dedupe_key: (deployment) => deployment.dedupeKey,
      project_id: (deployment) => deployment.projectId,
      environment: (deployment) => deployment.environment,
      state: (deployment) => deployment.state,
      branch: (deployment) => deployment.source.branch ?? null,
      artifact: (deployment) => deployment.artifact ?? null,
    },
  });

export function deploymentStore(db: Database): DeploymentStore {
  const table = deploymentTable(db);
  // The server process is the only writer of the database, so its own writes are all changes.
  const hub = new ChangeHub();
  return {
    get: table.get,
    insert: table.insert,
    async replace(deployment) {
      const replaced = await table.replace(deployment);
      if (replaced) hub.notify(deployment.id);
      return replaced;
    },
    async remove(id) {
      await table.remove(id);
      hub.notify(id);
    },
    changes: (id) => hub.open(id),
    byDedupeKey: async (key) => table.find({ dedupe_key: key }),
    list: async ({ projectId, environment, state, branch }, page) =>
      table.page({ project_id: projectId, environment, state, branch }, page),
    inStates: async (states) =>
      itemsOf<Deployment>(
        db,
        'deployments',
        db.all(
          'SELECT id, project_id, doc FROM deployments WHERE state IN (SELECT value FROM json_each(?)) ORDER BY seq',
          JSON.stringify(states),
        ),
      ),
  };
}
