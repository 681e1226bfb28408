import type { ApiResult } from '@anchor/client/http/result.ts';
import type { Client } from '@anchor/client/http/client.ts';
import { roleSchema, type Role, type TeamWithMembers } from '@anchor/client/schemas/people.ts';
import { commandError } from './problem.ts';

/** The team that a command is about when it names none. */
export const DEFAULT_TEAM_NAME = 'default';
export const TEAM_OPTION = { kind: 'text', value: 'team', help: "the team's name or id (default: default)" } as const;

export function parseRole(text: string): ApiResult<Role> {
  const role = roleSchema.safeParse(text);
  return role.success
    ? { ok: true, value: role.data }
    : commandError('usage', `"${text.slice(0, 40)}" is not a role.`, `Use one of ${roleSchema.options.join(', ')}.`);
}

/** Returns the roles that options give: `--role` for the team, `--for project` for single projects. */
export async function grantFrom(
  client: Client,
  { role, projects }: Readonly<{ role: string | undefined; projects: readonly string[] }>,
  signal: AbortSignal,
): Promise<ApiResult<{ role?: Role; projects?: Record<string, Role> }>> {
  const parsed = parseRole(role ?? 'developer');
  if (!parsed.ok) return parsed;
  if (projects.length === 0) return { ok: true, value: { role: parsed.value } };
  const roles: Record<string, Role> = {};
  for (const name of projects) {
    const project = await client.projects.get({ project: name }, { signal });
    if (!project.ok) return project;
    roles[project.value.id] = parsed.value;
  }
  return { ok: true, value: { projects: roles } };
}

/** Finds a member of a team by address or id. */
export async function findMember(
  client: Client,
  name: string,
  person: string,
  signal: AbortSignal,
): Promise<ApiResult<Readonly<{ team: TeamWithMembers; member: TeamWithMembers['members'][number] }>>> {
  const team = await client.teams.get({ team: name }, { signal });
  if (!team.ok) return team;
  const member = team.value.members.find(
    ({ email, personId }) => email === person.toLowerCase() || personId === person,
  );
  return member === undefined
    ? commandError(
        'not_found',
        `${person.slice(0, 100)} is not a member of this team.`,
        'List them: anchor people list',
      )
    : { ok: true, value: { team: team.value, member } };
}

/** Describes the roles of a member: "developer, admin of shop". */
export function rolesText(
  { role, projects }: Readonly<{ role?: Role | undefined; projects: Readonly<Record<string, Role>> }>,
  names: ReadonlyMap<string, string>,
): string {
  const single = Object.entries(projects).map(([id, each]) => `${each} of ${names.get(id) ?? id}`);
  return [...(role === undefined ? [] : [role]), ...single].join(', ');
}

/** Returns the names of projects by id, as far as the caller may see them. */
export async function projectNames(client: Client, signal: AbortSignal): Promise<ReadonlyMap<string, string>> {
  const page = await client.projects.list({ limit: 100 }, { signal });
  return new Map(page.ok ? page.value.items.map(({ id, name }) => [id, name]) : []);
}
