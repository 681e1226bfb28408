import type { Deployment } from '@anchor/core/deployments/deployment.ts';
import type { DeploymentStore } from '@anchor/core/ports/stores.ts';
import type { Database } from './database.ts';
import { documents, parse, type Documents } from './documents.ts';

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
  return {
    get: table.get, insert: table.insert, replace: table.replace, remove: table.remove,
    byDedupeKey: async (key) => table.find({ dedupe_key: key }),
    list: async ({ projectId, environment, state, branch }, page) => table.page({ project_id: projectId, environment, state, branch }, page),
    inStates: async (states) =>
      db.all('SELECT doc FROM deployments WHERE state IN (SELECT value FROM json_each(?)) ORDER BY seq', JSON.stringify(states)).map((row) => parse<Deployment>(row)),
  };
}
