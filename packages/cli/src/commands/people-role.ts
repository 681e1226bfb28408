import { command, success } from '../framework/command.ts';
import { DEFAULT_TEAM_NAME, findMember, parseRole, projectNames, rolesText, TEAM_OPTION } from '../framework/roles.ts';

export const peopleRole = command({
  name: 'people role',
  summary: "Change a member's role, for the team or for single projects",
  details: 'A role for a project wins over the one for the team. `none` removes it.',
  arguments: [
    { name: 'email', help: "the member's address or id" },
    { name: 'role', help: 'owner, admin, developer, viewer or none' },
  ],
  options: {
    for: { kind: 'many', value: 'project', help: 'only for this project; may be repeated' },
    team: TEAM_OPTION,
  },
  examples: ['anchor people role bob@example.com admin', 'anchor people role bob@example.com viewer --for shop'],
  async run(context, { email, role, for: projects, team = DEFAULT_TEAM_NAME }) {
    const wanted = role === 'none' ? undefined : parseRole(role);
    if (wanted?.ok === false) return wanted;
    const client = await context.client();
    if (!client.ok) return client;
    const { signal } = context;
    const found = await findMember(client.value, team, email, signal);
    if (!found.ok) return found;
    const { member } = found.value;
    const roles = { ...member.projects };
    for (const name of projects) {
      const project = await client.value.projects.get({ project: name }, { signal });
      if (!project.ok) return project;
      if (wanted === undefined) delete roles[project.value.id];
      else roles[project.value.id] = wanted.value;
    }
    const changed = await client.value.teams.updateMember(
      { team, person: member.personId, role: projects.length === 0 ? wanted?.value : member.role, projects: roles },
      { signal, ifMatch: found.value.team.version },
    );
    if (!changed.ok) return changed;
    const after = changed.value.members.find(({ personId }) => personId === member.personId);
    const text = after === undefined ? '' : rolesText(after, await projectNames(client.value, signal));
    return success(changed.value, `${context.out.safe(member.email)}: ${text}`);
  },
});
