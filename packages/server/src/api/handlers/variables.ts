import type { Api } from '@anchor/client/endpoints/table.ts';
import {
  putVariables,
  readVariables,
  removeVariable,
  type VariableInput,
} from '@anchor/core/environments/put-variables.ts';
import type { Variable } from '@anchor/core/environments/variable.ts';
import type { ProjectId } from '@anchor/core/names/id.ts';
import { parseEnvironmentName, type EnvironmentName } from '@anchor/core/names/name.ts';
import { includes } from '@anchor/core/people/role.ts';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';
import type { ServerContext } from '../../context.ts';
import { tooSmall } from '../authorize.ts';
import type { HandlersOf } from '../handler.ts';
import type * as contract from '../views/contract.ts';
import { compact } from '../views/views.ts';

const view = (variable: Variable, value?: string): contract.Variable => ({
  name: variable.name,
  environment: variable.environment,
  ...(variable.branch === undefined ? {} : { branch: variable.branch }),
  scope: variable.scope,
  secret: variable.secret,
  updatedAt: variable.updatedAt,
  ...(value === undefined ? {} : { value }),
});
const byName = (a: contract.Variable, b: contract.Variable): number =>
  a.name < b.name || (a.name === b.name && (a.branch ?? '') < (b.branch ?? '')) ? -1 : 1;

/** Returns the variables with their values. Secrets are write-only for every caller. */
async function revealed(
  ports: ServerContext['ports'],
  project: ProjectId,
  environment: EnvironmentName,
): Promise<Result<{ items: contract.Variable[] }>> {
  const read = await readVariables(ports)(project, environment);
  if (!read.ok) return read;
  const items = read.value.map(({ variable, value }) => view(variable, variable.secret ? undefined : value));
  return ok({ items: items.sort(byName) });
}

export function variableHandlers({ ports }: ServerContext): HandlersOf<Api['variables']> {
  return {
    list: async ({ project, params, query, caller, role }) => {
      const environment = parseEnvironmentName(params.environment);
      if (!environment.ok) return environment;
      if (query.reveal !== true)
        return ok({
          items: (await ports.variables.list(project.id, environment.value))
            .map((variable) => view(variable))
            .sort(byName),
        });
      return includes(role, 'developer')
        ? revealed(ports, project.id, environment.value)
        : tooSmall(caller, 'deploy', 'developer');
    },
    put: async ({ project, params, body, change }) => {
      // Their names only, never a value.
      const names = [...new Set(body.variables.map(({ name }) => name))];
      change.after({ variables: names, ...compact({ branch: body.branch, prune: body.prune }) });
      const written = await putVariables(ports)({
        projectId: project.id,
        environment: params.environment,
        ...(body.branch === undefined ? {} : { branch: body.branch }),
        variables: body.variables.map((variable) => compact(variable) as VariableInput),
        replace: body.prune === true,
      });
      return written.ok ? ok({ items: written.value.map((variable) => view(variable)).sort(byName) }) : written;
    },
    remove: async ({ project, params, query, change }) => {
      change.before({ variables: [params.name], ...compact({ branch: query.branch }) });
      const environment = parseEnvironmentName(params.environment);
      if (!environment.ok) return environment;
      const removed = await removeVariable(ports)({
        projectId: project.id,
        environment: environment.value,
        name: params.name,
        ...(query.branch === undefined ? {} : { branch: query.branch }),
      });
      return removed
        ? ok(undefined)
        : fail(
            'not_found',
            `There is no variable ${params.name} in ${params.environment}${query.branch === undefined ? '' : ` for the branch ${query.branch.slice(0, 100)}`}`,
            'List them with: anchor env list',
          );
    },
  };
}
