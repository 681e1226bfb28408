import { command, success } from '../framework/command.ts';
import { notADeadLetter, parseDeadLetter } from './dead-letter.ts';

export const deadLettersRevive = command({
  name: 'dead-letters revive',
  summary: 'Retry a dead job, or a record that could not be processed',
  arguments: [{ name: 'id', help: 'a job (job_…) or a record (kind:id), as listed' }],
  examples: [
    'anchor dead-letters revive job_0mi9zq5k2x4b7c1d3e5f',
    'anchor dead-letters revive delivery:dlv_0mi9zq5k2x4b7c1d3e5f',
  ],
  async run(context, { id }) {
    const letter = parseDeadLetter(id);
    if (letter === undefined) return notADeadLetter(id);
    const client = await context.client();
    if (!client.ok) return client;
    if ('job' in letter) {
      const revived = await client.value.deadLetters.revive({ job: letter.job }, { signal: context.signal });
      return revived.ok ? success({ revived: id }, `${id} is in the queue again`) : revived;
    }
    const retried = await client.value.deadLetters.records.retry(
      { kind: letter.kind, id: letter.id },
      { signal: context.signal },
    );
    return retried.ok ? success({ revived: id }, `${context.out.safe(id)} was processed`) : retried;
  },
});
