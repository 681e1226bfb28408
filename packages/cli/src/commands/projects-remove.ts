import { command, done } from '../framework/command.ts';
import { refuse } from '../framework/problem.ts';

export const projectsRemove = command({
  name: 'projects remove',
  summary: 'Delete a project with its deployments, variables and logs',
  details: 'Its site is gone at once. The name is asked for twice, so that nothing is deleted by a slip.',
  arguments: [{ name: 'name', help: "the project's name" }],
  options: { confirm: { kind: 'text', value: 'name', help: 'the name once more' } },
  examples: ['anchor projects remove shop --confirm shop'],
  async run(context, { name, confirm }) {
    if (confirm !== name) return refuse('usage', `Deleting ${name} can not be undone.`, `If you are sure: anchor projects remove ${name} --confirm ${name}`);
    const client = await context.client();
    if (!client.ok) return client;
    const removed = await client.value.projects.remove({ project: name }, { signal: context.signal });
    return removed.ok ? done({ removed: name }, `Deleted ${name}`) : removed;
  },
});
