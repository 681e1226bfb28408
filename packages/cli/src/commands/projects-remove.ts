import { command, success } from '../framework/command.ts';
import { commandError } from '../framework/problem.ts';

export const projectsRemove = command({
  name: 'projects remove',
  summary: 'Delete a project with its deployments, variables and logs',
  details: 'The site goes offline at once. The name is required twice, to prevent accidental deletion.',
  arguments: [{ name: 'name', help: "the project's name" }],
  options: { confirm: { kind: 'text', value: 'name', help: 'the name once more' } },
  examples: ['anchor projects remove shop --confirm shop'],
  async run(context, { name, confirm }) {
    if (confirm !== name)
      return commandError(
        'usage',
        `Deleting ${name} cannot be undone.`,
        `If you are sure: anchor projects remove ${name} --confirm ${name}`,
      );
    const client = await context.client();
    if (!client.ok) return client;
    const removed = await client.value.projects.remove({ project: name }, { signal: context.signal });
    return removed.ok ? success({ removed: name }, `Deleted ${name}`) : removed;
  },
});
