import { command, success } from '../framework/command.ts';

export const teamsCreate = command({
  name: 'teams create',
  summary: 'Create a team; you become its owner',
  details: 'For owners of the platform. Its projects are created with: anchor projects create NAME --team TEAM',
  arguments: [{ name: 'name', help: '1 to 40 letters, digits, spaces and ". _ -"' }],
  examples: ['anchor teams create Design'],
  async run(context, { name }) {
    const client = await context.client();
    if (!client.ok) return client;
    const created = await client.value.teams.create({ name }, { signal: context.signal });
    return created.ok ? success(created.value, `Created ${context.out.safe(name)} (${created.value.id})`) : created;
  },
});
