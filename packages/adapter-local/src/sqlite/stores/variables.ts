import type { Variable } from '@anchor/core/environments/variable.ts';
import type { VariableStore } from '@anchor/core/ports/stores.ts';
import type { Database } from '../database.ts';
import { documents } from '../documents.ts';

export function variableStore(db: Database): VariableStore {
  const table = documents<Variable>(db, {
    table: 'variables',
    columns: {
      project_id: (variable) => variable.projectId,
      environment: (variable) => variable.environment,
      name: (variable) => variable.name,
      // Part of what is unique: one name may have a value per branch.
      scope: (variable) => (variable.branch === undefined ? variable.scope : `${variable.scope}@${variable.branch}`),
    },
  });
  return {
    get: table.get,
    insert: table.insert,
    replace: table.replace,
    remove: table.remove,
    list: async (projectId, environment) =>
      table.all({ project_id: projectId, environment }, 'name, environment, scope'),
  };
}
