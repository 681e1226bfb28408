import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Variable } from '@anchor/core/environments/variable.ts';
import { PREVIEW, type BranchName } from '@anchor/core/names/name.ts';
import type { VariableStore } from '@anchor/core/ports/stores.ts';
import { eventually } from '../eventually.ts';
import { using, type Make } from '../harness.ts';
import { sampleVariable } from '../samples.ts';
import { storeContract } from './store.ts';

export function variableStoreContract(name: string, make: Make<VariableStore>): void {
  storeContract<Variable, VariableStore>(name, make, {
    sample: sampleVariable,
    change: (variable) => ({ ...variable, sealed: 'another "sealed" value' }),
    withSameKey: ({ projectId, environment, name: variable, scope }) =>
      sampleVariable({ projectId, environment, name: variable, scope }),
  });

  test(
    `${name}: one name in two environments, scopes, branches or projects is two variables`,
    using(make, async ({ subject }) => {
      const variable = sampleVariable();
      const { projectId, name: variableName } = variable;
      const preview = sampleVariable({ projectId, name: variableName, environment: PREVIEW });
      const build = sampleVariable({ projectId, name: variableName, scope: 'build' });
      const branch = sampleVariable({
        projectId,
        name: variableName,
        environment: PREVIEW,
        branch: 'feature/x' as BranchName,
      });
      for (const one of [variable, preview, build, branch, sampleVariable({ name: variableName })])
        assert.equal(await subject.insert(one), true);
      const ids = (found: readonly Variable[]) => found.map(({ id }) => id).sort();
      await eventually(async () =>
        assert.deepEqual(ids(await subject.list(projectId)), ids([variable, preview, build, branch])),
      );
      await eventually(async () =>
        assert.deepEqual(ids(await subject.list(projectId, PREVIEW)), ids([preview, branch])),
      );
    }),
  );
}
