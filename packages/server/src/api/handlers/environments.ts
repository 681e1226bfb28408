import type { Api } from '@anchor/client/endpoints/table.ts';
import { rollback, undoRollback } from '@anchor/core/deployments/rollback.ts';
import type { Ports } from '@anchor/core/ports/ports.ts';
import { parseId, type ProjectId } from '@anchor/core/names/id.ts';
import { parseEnvironmentName, type EnvironmentName } from '@anchor/core/names/name.ts';
import type { Project } from '@anchor/core/projects/project.ts';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';
import type { ServerContext } from '../../context.ts';
import type { HandlersOf } from '../handler.ts';
import type { Environment } from '../views/contract.ts';
import { environmentView, environmentViews } from '../views/environment.ts';

export function environmentHandlers(server: ServerContext): HandlersOf<Api['environments']> {
  const { ports } = server;
  return {
    list: async ({ project }) => ok({ items: [...(await environmentViews(ports, project))] }),
    rollback: async ({ project, params, body, change }) => {
      const environment = parseEnvironmentName(params.environment);
      if (!environment.ok) return environment;
      change.before(await liveIn(ports, project.id, environment.value));
      const rolled = await rollBack(server, project, environment.value, body.deployment, body.revision);
      if (rolled.ok) change.after({ environment: environment.value, deployment: rolled.value.deploymentId });
      return rolled;
    },
    undoRollback: async ({ project, params }) => {
      const environment = parseEnvironmentName(params.environment);
      if (!environment.ok) return environment;
      const undone = await undoRollback(ports)({ projectId: project.id, environment: environment.value });
      return undone.ok ? ok(await environmentView(ports, project, environment.value)) : undone;
    },
  };
}

/** Returns what an environment serves, for the audit log. */
export async function liveIn({ aliases }: Pick<Ports, 'aliases'>, projectId: ProjectId, environment: EnvironmentName) {
  const alias = (await aliases.listByProject(projectId)).find(
    ({ kind, target }) => kind === 'environment' && target === environment,
  );
  return { environment, deployment: alias?.deploymentId };
}

/**
 * Rolls back to `to`, or to the previous deployment. With a revision it succeeds only while the environment is still at
 * that `revision`.
 */
export async function rollBack(
  { ports }: ServerContext,
  project: Project,
  environment: EnvironmentName,
  to: string | undefined,
  revision: number | undefined,
): Promise<Result<Environment>> {
  const target = to === undefined ? undefined : parseId('dpl', to);
  if (to !== undefined && target === undefined)
    return fail(
      'invalid_input',
      'This is not a deployment id',
      'Use an id such as dpl_…; list them with: anchor deployments list',
    );
  const now = (await environmentView(ports, project, environment)).revision ?? 0;
  if (revision !== undefined && revision !== now)
    return fail(
      'conflict',
      `${environment} has changed since you read it`,
      'Run `anchor projects inspect` to see what is live, then retry.',
      `revision ${now}, you expected ${revision}`,
    );
  const rolled = await rollback(ports)({
    projectId: project.id,
    environment,
    ...(target === undefined ? {} : { to: target }),
  });
  return rolled.ok ? ok(await environmentView(ports, project, environment)) : rolled;
}
