import type { Endpoint } from '@anchor/client/endpoints/endpoint.ts';
import { parseId } from '@anchor/core/names/id.ts';
import { parseProjectName } from '@anchor/core/names/name.ts';
import type { Ports } from '@anchor/core/ports/ports.ts';
import type { Project } from '@anchor/core/projects/project.ts';
import type { Token } from '@anchor/core/tokens/token.ts';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';
import { allows } from '../http/scope.ts';
import { bearerToken } from '../http/token.ts';
import type { Resources } from './handler.ts';

type AuthorizePorts = Pick<Ports, 'tokens' | 'projects' | 'deployments' | 'deliveries' | 'clock'>;
export type Authorized = Readonly<{ token: Token | undefined; resources: Resources }>;

/**
 * Authorizes every call from the endpoint's table row: a valid token, a large enough scope, and for a token that is
 * bound to a project, that project. What a token may not see does not exist for it (404).
 */
export async function authorize(
  ports: AuthorizePorts,
  endpoint: Endpoint,
  authorization: string | undefined,
  params: Readonly<Record<string, string>>,
  known: (token: Token) => void = () => undefined,
): Promise<Result<Authorized>> {
  if (endpoint.scope === 'none') return ok({ token: undefined, resources: {} });
  const token = await bearerToken(ports, authorization);
  if (!token.ok) return token;
  known(token.value);
  if (!allows(token.value.scope, endpoint.scope)) {
    return fail(
      'forbidden',
      `This needs a token with scope ${endpoint.scope}`,
      `Use a token with scope ${endpoint.scope}: anchor tokens create --scope ${endpoint.scope}`,
      `yours has scope ${token.value.scope}`,
    );
  }
  const resources = await resourcesOf(ports, endpoint, token.value, params);
  return resources.ok ? ok({ token: token.value, resources: resources.value }) : resources;
}

async function resourcesOf(
  ports: AuthorizePorts,
  endpoint: Endpoint,
  token: Token,
  params: Readonly<Record<string, string>>,
): Promise<Result<Resources>> {
  switch (endpoint.resource) {
    case 'shared':
      return ok({});
    case 'platform':
      return token.projectId === undefined
        ? ok({})
        : fail('forbidden', 'This needs a token that is not bound to a project', 'Use a token of the whole platform.');
    case 'project': {
      const project = await findProject(ports, params['project'] ?? '');
      return project === undefined || !maySee(token, project.id) ? absent('project') : ok({ project });
    }
    case 'deployment': {
      const id = parseId('dpl', params['deployment'] ?? '');
      const deployment = id === undefined ? undefined : await ports.deployments.get(id);
      return deployment === undefined || !maySee(token, deployment.projectId)
        ? absent('deployment')
        : ok({ deployment });
    }
    case 'delivery': {
      const id = parseId('dlv', params['delivery'] ?? '');
      const delivery = id === undefined ? undefined : await ports.deliveries.get(id);
      return delivery === undefined || !maySee(token, delivery.projectId) ? absent('delivery') : ok({ delivery });
    }
  }
}

export const maySee = (token: Token, projectId: string): boolean =>
  token.projectId === undefined || token.projectId === projectId;
const absent = (noun: string) =>
  fail(
    'not_found',
    `There is no such ${noun}, or your token may not see it`,
    `Check the id; list what you can see with: anchor ${noun === 'delivery' ? 'deliveries' : `${noun}s`} list`,
  );

/** Finds a project by id or by name. */
export async function findProject(ports: Pick<Ports, 'projects'>, reference: string): Promise<Project | undefined> {
  const id = parseId('prj', reference);
  if (id !== undefined) return ports.projects.get(id);
  const name = parseProjectName(reference);
  return name.ok ? ports.projects.byName(name.value) : undefined;
}
