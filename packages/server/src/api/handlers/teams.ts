import type { Api } from '@anchor/client/endpoints/table.ts';
import { parseId, type ProjectId } from '@anchor/core/names/id.ts';
import { maySee, personOf } from '@anchor/core/people/caller.ts';
import { invite } from '@anchor/core/people/invite.ts';
import type { Grant } from '@anchor/core/people/grant.ts';
import { addMember, changeMember, createTeam, removeMember } from '@anchor/core/people/members.ts';
import type { Role } from '@anchor/core/people/role.ts';
import { memberOf, teamOf, type Member, type Team } from '@anchor/core/people/team.ts';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';
import type { ServerContext } from '../../context.ts';
import { findTeam } from '../authorize.ts';
import type { HandlersOf } from '../handler.ts';
import { pageRequest } from '../page-request.ts';
import { grantView, invitationView, teamView, teamWithMembersView } from '../views/people.ts';
import { pageView } from '../views/views.ts';
import { acceptHandler, asPerson } from './sessions.ts';

type GrantInput = Readonly<{ role?: Role | undefined; projects?: Readonly<Record<string, Role>> | undefined }>;

/** Checks that each project of a grant belongs to the team: a role elsewhere would be another team's to give. */
async function grantOf({ ports }: ServerContext, team: Team, input: GrantInput): Promise<Result<Grant>> {
  const projects: Record<ProjectId, Role> = {};
  for (const [text, role] of Object.entries(input.projects ?? {})) {
    const id = parseId('prj', text);
    const project = id === undefined ? undefined : await ports.projects.get(id);
    if (id === undefined || project === undefined || teamOf(project) !== team.id)
      return fail('not_found', `The team has no project ${text}`, 'List projects with: anchor projects list');
    projects[id] = role;
  }
  return ok({ projects, ...(input.role === undefined ? {} : { role: input.role }) });
}

const noMember = () => fail('not_found', 'The team has no such member', 'List members with: anchor people list');

export function teamHandlers(server: ServerContext): HandlersOf<Api['teams']> {
  const { ports } = server;
  const fields = (member: Member | undefined) => (member === undefined ? {} : grantView(member));
  return {
    list: async ({ caller, query }) => {
      if (caller.kind === 'person') {
        const all = await Promise.all(caller.memberships.map(({ teamId }) => ports.teams.get(teamId)));
        return ok({ items: all.filter((team) => team !== undefined).map(teamView) });
      }
      const page = await ports.teams.list(pageRequest(query));
      return ok(
        pageView({ ...page, items: page.items.filter(({ id }) => maySee(caller, { kind: 'team', id })) }, teamView),
      );
    },
    create: async ({ body, caller, change }) => {
      const created = await createTeam(ports)(body.name);
      if (!created.ok) return created;
      change.after({ id: created.value.id, name: created.value.name });
      const owner = personOf(caller);
      if (owner === undefined) return ok(teamView(created.value));
      const owned = await addMember(ports)(created.value.id, owner, { role: 'owner', projects: {} });
      return owned.ok ? ok(teamView(owned.value)) : owned;
    },
    get: async ({ team }) => ok(await teamWithMembersView(ports, team)),
    leave: async ({ params, caller }) => {
      const person = asPerson(caller);
      if (!person.ok) return person;
      const { id } = person.value.person;
      const team = await findTeam(ports, params.team);
      if (team === undefined || memberOf(team, id) === undefined)
        return fail('not_found', 'You are not in this team', 'List your teams with: anchor teams list');
      const left = await removeMember(ports)(team.id, id, undefined);
      return left.ok ? ok(undefined) : left;
    },
    updateMember: async ({ team, params, body, role, ifMatch, change }) => {
      const id = parseId('per', params.person);
      if (id === undefined) return noMember();
      const grant = await grantOf(server, team, body);
      if (!grant.ok) return grant;
      change.before(fields(memberOf(team, id)));
      const changed = await changeMember(ports)(team.id, id, grant.value, role, ifMatch);
      if (!changed.ok) return changed;
      change.after(fields(memberOf(changed.value, id)));
      return ok(await teamWithMembersView(ports, changed.value));
    },
    removeMember: async ({ team, params, role, change }) => {
      const id = parseId('per', params.person);
      if (id === undefined) return noMember();
      change.before(fields(memberOf(team, id)));
      const removed = await removeMember(ports)(team.id, id, role);
      return removed.ok ? ok(undefined) : removed;
    },
  };
}

export function invitationHandlers(server: ServerContext): HandlersOf<Api['invitations']> {
  const { ports } = server;
  return {
    list: async ({ team, query }) =>
      ok(pageView(await ports.invitations.list(team.id, pageRequest(query)), invitationView)),
    create: async ({ team, body, role, caller, change }) => {
      const grant = await grantOf(server, team, body);
      if (!grant.ok) return grant;
      const invited = await invite(ports)({
        teamId: team.id,
        email: body.email,
        grant: grant.value,
        own: role,
        by: personOf(caller),
      });
      if (!invited.ok) return invited;
      const invitation = invitationView(invited.value.invitation);
      change.after(invitation);
      return ok({ invitation, secret: invited.value.secret });
    },
    remove: async ({ team, params, change }) => {
      const id = parseId('inv', params.invitation);
      const invitation = id === undefined ? undefined : await ports.invitations.get(id);
      if (invitation?.teamId !== team.id)
        return fail('not_found', 'The team has no such invitation', 'List them with: anchor people invitations');
      change.before(invitationView(invitation));
      await ports.invitations.remove(invitation.id);
      return ok(undefined);
    },
    accept: acceptHandler(server),
  };
}
