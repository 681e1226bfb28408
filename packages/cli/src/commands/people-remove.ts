import { command, success } from '../framework/command.ts';
import { DEFAULT_TEAM_NAME, findMember, TEAM_OPTION } from '../framework/roles.ts';

export const peopleRemove = command({
  name: 'people remove',
  summary: 'Remove a member from a team',
  details: 'The account stays; anchor people suspend ends its sessions and lets it sign in no more.',
  arguments: [{ name: 'email', help: "the member's address or id" }],
  options: { team: TEAM_OPTION },
  examples: ['anchor people remove bob@example.com'],
  async run(context, { email, team = DEFAULT_TEAM_NAME }) {
    const client = await context.client();
    if (!client.ok) return client;
    const found = await findMember(client.value, team, email, context.signal);
    if (!found.ok) return found;
    const { personId: person, email: address } = found.value.member;
    const removed = await client.value.teams.removeMember({ team, person }, { signal: context.signal });
    return removed.ok ? success({ removed: person }, `Removed ${context.out.safe(address)}`) : removed;
  },
});
