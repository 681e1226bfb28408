import type { Endpoint, Scope } from '@anchor/client/endpoints/endpoint.ts';
import { parseId } from '@anchor/core/names/id.ts';
import { parseProjectName } from '@anchor/core/names/name.ts';
import { roleOf, type Caller, type AccessTarget } from '@anchor/core/people/caller.ts';
import { includes, type Role } from '@anchor/core/people/role.ts';
import { DEFAULT_TEAM, teamOf, type Team } from '@anchor/core/people/team.ts';
import type { Ports } from '@anchor/core/ports/ports.ts';
import type { Project } from '@anchor/core/projects/project.ts';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';
import type { Resources } from './handler.ts';

type AuthorizePorts = Pick<Ports, 'projects' | 'deployments' | 'deliveries' | 'teams'>;
/** `role`: what the caller may do with the resource; absent where an endpoint needs no caller. */
export type Authorized = Readonly<{ resources: Resources; role?: Role }>;

const NEEDED: Readonly<Record<Exclude<Scope, 'none'>, Role>> = { read: 'viewer', deploy: 'developer', admin: 'admin' };

/** Returns the role that an endpoint needs at a target: administering the platform is the owner's. */
const neededAt = (scope: Exclude<Scope, 'none'>, target: AccessTarget): Role =>
  target.kind === 'platform' && scope === 'admin' ? 'owner' : NEEDED[scope];

type Named = Readonly<Record<string, string | undefined>>;
type Found = Readonly<{ target: AccessTarget; resources: Resources; noun: string }>;

/**
 * Authorizes every call from the endpoint's table row: the caller's role for the resource that the path names. What a
 * caller may not see does not exist for it (404).
 */
export async function authorize(
  ports: AuthorizePorts,
  endpoint: Endpoint,
  caller: Caller | undefined,
  params: Named,
  query: Named,
): Promise<Result<Authorized>> {
  if (endpoint.scope === 'none' || caller === undefined) return ok({ resources: {} });
  const found = await find(ports, endpoint, params, query);
  if (found === undefined) return isBound(caller) && !namesProject(endpoint) ? unbound() : absent(endpoint);
  const role = roleOf(caller, found.target);
  if (role === undefined) {
    if (found.target.kind === 'platform' && caller.kind === 'person') return tooSmall(caller, endpoint.scope, 'owner');
    const hidden = found.target.kind === 'platform' || (found.target.kind === 'team' && caller.kind === 'token');
    return hidden ? unbound() : absent(endpoint);
  }
  const needed = neededAt(endpoint.scope, found.target);
  return includes(role, needed) ? ok({ resources: found.resources, role }) : tooSmall(caller, endpoint.scope, needed);
}

const isBound = (caller: Caller): boolean =>
  caller.kind === 'token' && (caller.token.projectId ?? caller.token.teamId) !== undefined;
const namesProject = ({ resource }: Endpoint): boolean =>
  resource === 'project' || resource === 'deployment' || resource === 'delivery';

async function find(
  ports: AuthorizePorts,
  endpoint: Endpoint,
  params: Named,
  query: Named,
): Promise<Omit<Found, 'noun'> | undefined> {
  const team =
    params['team'] ?? (endpoint.query !== undefined && 'team' in endpoint.query.shape ? query['team'] : undefined);
  switch (endpoint.resource) {
    case 'shared':
      return { target: { kind: 'shared' }, resources: {} };
    case 'platform':
      return team === undefined ? { target: { kind: 'platform' }, resources: {} } : teamFound(ports, team);
    case 'team':
      return teamFound(ports, team ?? DEFAULT_TEAM);
    case 'project': {
      const project = await findProject(ports, params['project'] ?? '');
      return project === undefined ? undefined : { target: targetOf(project), resources: { project } };
    }
    case 'deployment': {
      const id = parseId('dpl', params['deployment'] ?? '');
      const deployment = id === undefined ? undefined : await ports.deployments.get(id);
      const target = await targetOfProject(ports, deployment);
      return deployment === undefined || target === undefined ? undefined : { target, resources: { deployment } };
    }
    case 'delivery': {
      const id = parseId('dlv', params['delivery'] ?? '');
      const delivery = id === undefined ? undefined : await ports.deliveries.get(id);
      const target = await targetOfProject(ports, delivery);
      return delivery === undefined || target === undefined ? undefined : { target, resources: { delivery } };
    }
  }
}

async function teamFound(ports: AuthorizePorts, reference: string): Promise<Omit<Found, 'noun'> | undefined> {
  const team = await findTeam(ports, reference);
  return team === undefined ? undefined : { target: { kind: 'team', id: team.id }, resources: { team } };
}

/** The target of a project, as it decides about callers. */
export const targetOf = (project: Project): AccessTarget => ({
  kind: 'project',
  id: project.id,
  teamId: teamOf(project),
});

async function targetOfProject(
  { projects }: AuthorizePorts,
  item: Pick<NonNullable<Resources['deployment']>, 'projectId'> | undefined,
): Promise<AccessTarget | undefined> {
  const project = item === undefined ? undefined : await projects.get(item.projectId);
  return project === undefined ? undefined : targetOf(project);
}

/** Refuses a caller whose role, or whose token's scope, is too small. */
export function tooSmall(caller: Caller, scope: Scope, needed: Role): Result<never> {
  return caller.kind === 'token'
    ? fail(
        'forbidden',
        `This needs a token with scope ${scope}`,
        `Use a token with scope ${scope}: anchor tokens create --scope ${scope}`,
        `yours has scope ${caller.token.scope}`,
      )
    : fail(
        'forbidden',
        `This needs the role ${needed}`,
        'Have an admin of the team change yours: anchor people role EMAIL ROLE',
        `you are ${caller.person.email}`,
      );
}

const unbound = () =>
  fail(
    'forbidden',
    'This needs a token that is not bound to a project or to another team',
    'Use a token of the whole platform, or of the team: anchor tokens create.',
  );
const LISTS = {
  project: 'anchor projects list',
  deployment: 'anchor deployments list',
  delivery: 'anchor deliveries list',
  team: 'anchor teams list',
} as const;
const absent = ({ resource }: Endpoint) => {
  const noun = resource === 'shared' || resource === 'platform' ? 'team' : resource;
  return fail(
    'not_found',
    `There is no such ${noun}, or you may not see it`,
    `Check the id; list what you can see with: ${LISTS[noun]}`,
  );
};

/** Finds a project by id or by name. */
export async function findProject(ports: Pick<Ports, 'projects'>, reference: string): Promise<Project | undefined> {
  const id = parseId('prj', reference);
  if (id !== undefined) return ports.projects.get(id);
  const name = parseProjectName(reference);
  return name.ok ? ports.projects.byName(name.value) : undefined;
}

/** Finds a team by id or by name. */
export async function findTeam(ports: Pick<Ports, 'teams'>, reference: string): Promise<Team | undefined> {
  const id = parseId('tem', reference);
  return id === undefined ? ports.teams.byName(reference) : ports.teams.get(id);
}
