import { command, success } from '../framework/command.ts';
import { DEFAULT_TEAM_NAME, projectNames, rolesText, TEAM_OPTION } from '../framework/roles.ts';
import { table } from '../output/table.ts';

export const peopleList = command({
  name: 'people list',
  summary: 'List the members of a team with their roles',
  options: { team: TEAM_OPTION },
  examples: ['anchor people list', 'anchor people list --team Design --json'],
  async run(context, { team }) {
    const client = await context.client();
    if (!client.ok) return client;
    const found = await client.value.teams.get({ team: team ?? DEFAULT_TEAM_NAME }, { signal: context.signal });
    if (!found.ok) return found;
    const names = await projectNames(client.value, context.signal);
    const { safe } = context.out;
    const rows = found.value.members.map((member) => [
      safe(member.email),
      safe(member.name),
      rolesText(member, names) + (member.suspendedAt === undefined ? '' : ' (suspended)'),
      new Date(member.since).toISOString().slice(0, 10),
      member.personId,
    ]);
    return success(
      found.value,
      ...(rows.length === 0 ? ['No members yet.'] : table(['e-mail', 'name', 'role', 'since', 'id'], rows)),
    );
  },
});
