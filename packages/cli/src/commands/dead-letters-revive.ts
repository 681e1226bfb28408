import { command, done } from '../framework/command.ts';

export const deadLettersRevive = command({
  name: 'dead-letters revive',
  summary: 'Put a job that was given up back into the queue',
  arguments: [{ name: 'job', help: 'its id, job_…' }],
  examples: ['anchor dead-letters revive job_0mi9zq5k2x4b7c1d3e5f'],
  async run(context, { job }) {
    const client = await context.client();
    if (!client.ok) return client;
    const revived = await client.value.deadLetters.revive({ job }, { signal: context.signal });
    return revived.ok ? done({ revived: job }, `${job} is in the queue again`) : revived;
  },
});
