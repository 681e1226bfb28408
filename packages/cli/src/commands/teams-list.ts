import { allPages } from '@anchor/client/http/all-pages.ts';
import type { Team } from '@anchor/client/schemas/people.ts';
import { command, success } from '../framework/command.ts';
import { table } from '../output/table.ts';

export const teamsList = command({
  name: 'teams list',
  summary: 'List the teams that you are in',
  examples: ['anchor teams list'],
  async run(context) {
    const client = await context.client();
    if (!client.ok) return client;
    const items: Team[] = [];
    for await (const team of allPages((cursor) =>
      client.value.teams.list({ limit: 100, cursor }, { signal: context.signal }),
    )) {
      if (!team.ok) return team;
      items.push(team.value);
    }
    const rows = items.map(({ id, name, createdAt }) => [
      context.out.safe(name),
      new Date(createdAt).toISOString().slice(0, 10),
      id,
    ]);
    return success({ items }, ...(rows.length === 0 ? ['You are in no team.'] : table(['team', 'since', 'id'], rows)));
  },
});
