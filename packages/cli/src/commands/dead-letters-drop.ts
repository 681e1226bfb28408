import { command, success } from '../framework/command.ts';
import { commandError } from '../framework/problem.ts';
import { notADeadLetter, parseDeadLetter } from './dead-letter.ts';

export const deadLettersDrop = command({
  name: 'dead-letters drop',
  summary: 'Drop a job or a record that cannot be processed',
  details:
    'A delivery is then ignored, a deployment fails, a push is dropped (its commits stay), a database row is removed, and a\nblob is removed from the list.',
  arguments: [{ name: 'id', help: 'a job (job_…) or a record (kind:id), as listed' }],
  options: { yes: { kind: 'flag', help: 'confirm that it is not needed any more' } },
  examples: ['anchor dead-letters drop push:3f2a5c9e-3a4b-4c5d-8e6f-7a8b9c0d1e2f --yes'],
  async run(context, { id, yes }) {
    const letter = parseDeadLetter(id);
    if (letter === undefined) return notADeadLetter(id);
    if (!yes)
      return commandError(
        'usage',
        `This gives up ${id} for good.`,
        `If you are sure: anchor dead-letters drop ${id} --yes`,
      );
    const client = await context.client();
    if (!client.ok) return client;
    const options = { signal: context.signal };
    const dropped =
      'job' in letter
        ? await client.value.deadLetters.drop({ job: letter.job }, options)
        : await client.value.deadLetters.records.drop({ kind: letter.kind, id: letter.id }, options);
    return dropped.ok ? success({ dropped: id }, `${context.out.safe(id)} was dropped`) : dropped;
  },
});
