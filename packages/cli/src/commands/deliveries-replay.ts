import { command, success } from '../framework/command.ts';

export const deliveriesReplay = command({
  name: 'deliveries replay',
  summary: 'Process a delivery again',
  arguments: [{ name: 'delivery', help: 'its id, dlv_…' }],
  examples: ['anchor deliveries replay dlv_0mi9zq5k2x4b7c1d3e5f'],
  async run(context, { delivery }) {
    const client = await context.client();
    if (!client.ok) return client;
    const response = await client.value.deliveries.replay({ delivery }, { signal: context.signal });
    if (!response.ok) return response;
    const made = response.value.deploymentIds;
    return success(
      response.value,
      made.length === 0 ? 'It made no deployment; anchor deliveries list says why.' : `Deployments: ${made.join(', ')}`,
    );
  },
});
