import { command, success } from '../framework/command.ts';

export const teamsLeave = command({
  name: 'teams leave',
  summary: 'Leave a team',
  arguments: [{ name: 'team', help: "the team's name or id" }],
  examples: ['anchor teams leave Design'],
  async run(context, { team }) {
    const client = await context.client();
    if (!client.ok) return client;
    const left = await client.value.teams.leave({ team }, { signal: context.signal });
    return left.ok ? success({ left: team }, `Left ${context.out.safe(team)}`) : left;
  },
});
