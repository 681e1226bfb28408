import { command, done } from '../framework/command.ts';

export const deliveriesReplay = command({
  name: 'deliveries replay',
  summary: 'Act on a delivery again',
  arguments: [{ name: 'delivery', help: 'its id, dlv_…' }],
  examples: ['anchor deliveries replay dlv_0mi9zq5k2x4b7c1d3e5f'],
  async run(context, { delivery }) {
    const client = await context.client();
    if (!client.ok) return client;
    const answer = await client.value.deliveries.replay({ delivery }, { signal: context.signal });
    if (!answer.ok) return answer;
    const made = answer.value.deploymentIds;
    return done(answer.value, made.length === 0 ? 'It made no deployment; anchor deliveries list says why.' : `Deployments: ${made.join(', ')}`);
  },
});
