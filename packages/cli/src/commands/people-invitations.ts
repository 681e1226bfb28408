import { command, success } from '../framework/command.ts';
import { DEFAULT_TEAM_NAME, projectNames, rolesText, TEAM_OPTION } from '../framework/roles.ts';
import { table } from '../output/table.ts';

export const peopleInvitations = command({
  name: 'people invitations',
  summary: 'List the invitations to a team, or withdraw one',
  options: {
    withdraw: { kind: 'text', value: 'id', help: 'withdraw this one, inv_…' },
    team: TEAM_OPTION,
  },
  examples: ['anchor people invitations', 'anchor people invitations --withdraw inv_0mi9zq5k2x4b7c1d3e5f'],
  async run(context, { withdraw, team = DEFAULT_TEAM_NAME }) {
    const client = await context.client();
    if (!client.ok) return client;
    if (withdraw !== undefined) {
      const removed = await client.value.invitations.remove({ team, invitation: withdraw }, { signal: context.signal });
      return removed.ok ? success({ withdrawn: withdraw }, `Withdrew ${withdraw}`) : removed;
    }
    const page = await client.value.invitations.list({ team, limit: 100 }, { signal: context.signal });
    if (!page.ok) return page;
    const names = await projectNames(client.value, context.signal);
    const rows = page.value.items.map((item) => [
      item.id,
      context.out.safe(item.email ?? 'the first owner'),
      rolesText(item, names) || 'new password',
      item.usedAt !== undefined ? 'used' : item.expiresAt <= Date.now() ? 'expired' : 'open',
      new Date(item.expiresAt).toISOString().slice(0, 10),
    ]);
    return success(
      page.value,
      ...(rows.length === 0 ? ['No invitations.'] : table(['invitation', 'for', 'role', 'state', 'until'], rows)),
    );
  },
});
