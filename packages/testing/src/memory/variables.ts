import type { Variable } from '@anchor/core/environments/variable.ts';
import type { VariableStore } from '@anchor/core/ports/stores.ts';
import { collection } from './collection.ts';

export function variableStore(): VariableStore {
  const items = collection<Variable>((variable) =>
    JSON.stringify([variable.projectId, variable.environment, variable.name, variable.scope, variable.branch]),
  );
  return {
    ...items,
    list: async (projectId, environment) =>
      items.where(
        (variable) =>
          variable.projectId === projectId && (environment === undefined || variable.environment === environment),
      ),
  };
}
