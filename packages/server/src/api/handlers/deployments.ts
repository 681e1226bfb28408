import type { Api } from '@anchor/client/endpoints/table.ts';
import type { RecordedChange } from '@anchor/core/audit/record-change.ts';
import { approveDeployment, cancelDeployment } from '@anchor/core/deployments/cancel.ts';
import type { Deployment } from '@anchor/core/deployments/deployment.ts';
import { promote } from '@anchor/core/deployments/promote.ts';
import { parseEnvironmentName, PRODUCTION } from '@anchor/core/names/name.ts';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';
import type { ServerContext } from '../../context.ts';
import { createDeployment } from '../../deployments/create.ts';
import type { HandlersOf } from '../handler.ts';
import { pageRequest } from '../page-request.ts';
import type * as contract from '../views/contract.ts';
import { environmentView } from '../views/environment.ts';
import { compact, deploymentView, pageView } from '../views/views.ts';
import { liveIn, rollBack } from './environments.ts';
import { logHandlers } from './logs.ts';
import { uploadHandler } from './uploads.ts';

export function deploymentHandlers(server: ServerContext): HandlersOf<Api['deployments']> {
  const { ports } = server;
  const view = async (deployment: Deployment): Promise<contract.Deployment> =>
    deploymentView(deployment, await ports.aliases.listByProject(deployment.projectId), ports.site);
  const viewed = async (result: Result<Deployment>) => (result.ok ? ok(await view(result.value)) : result);
  const moved = (change: RecordedChange, before: Deployment, after: Result<Deployment>) => {
    change.before({ status: before.state });
    if (after.ok) change.after({ status: after.value.state });
    return viewed(after);
  };
  return {
    list: async ({ project, query }) => {
      const wanted = query.environment === undefined ? undefined : parseEnvironmentName(query.environment);
      if (wanted?.ok === false) return wanted;
      const page = await ports.deployments.list(
        {
          projectId: project.id,
          ...(wanted === undefined ? {} : { environment: wanted.value }),
          ...compact({ state: query.status, branch: query.branch }),
        },
        pageRequest(query),
      );
      const aliases = await ports.aliases.listByProject(project.id);
      return ok(pageView(page, (deployment) => deploymentView(deployment, aliases, ports.site)));
    },
    create: async ({ project, body, change }) => {
      const created = await viewed(await createDeployment(server)(project, body));
      if (created.ok) {
        const { id, environment: name, source } = created.value;
        change.after({ id, environment: name, source });
      }
      return created;
    },
    upload: uploadHandler(server),
    get: async ({ deployment }) => ok(await view(deployment)),
    logs: logHandlers(server),
    promote: async ({ deployment, body, change }) => {
      const target = environmentOf(body.environment);
      if (!target.ok) return target;
      change.before(await liveIn(ports, deployment.projectId, target.value));
      change.after({ environment: target.value, deployment: deployment.id });
      const promoted = await promote(ports)({
        deploymentId: deployment.id,
        environment: target.value,
        ...(body.revision === undefined ? {} : { expectedRevision: body.revision }),
      });
      return promoted.ok ? current(server, deployment, target.value) : promoted;
    },
    rollback: async ({ deployment, body, change }) => {
      const target = environmentOf(body.environment);
      if (!target.ok) return target;
      change.before(await liveIn(ports, deployment.projectId, target.value));
      change.after({ environment: target.value, deployment: deployment.id });
      const project = await ports.projects.get(deployment.projectId);
      return project === undefined ? gone() : rollBack(server, project, target.value, deployment.id, body.revision);
    },
    cancel: async ({ deployment, change }) => moved(change, deployment, await cancelDeployment(ports)(deployment.id)),
    approve: async ({ deployment, change }) => moved(change, deployment, await approveDeployment(ports)(deployment.id)),
  };
}

const environmentOf = (name: string | undefined) => (name === undefined ? ok(PRODUCTION) : parseEnvironmentName(name));

async function current(
  { ports }: ServerContext,
  deployment: Deployment,
  environment: Parameters<typeof environmentView>[2],
) {
  const project = await ports.projects.get(deployment.projectId);
  return project === undefined ? gone() : ok(await environmentView(ports, project, environment));
}
const gone = () =>
  fail('not_found', 'The project of this deployment is gone', 'List projects with: anchor projects list');
