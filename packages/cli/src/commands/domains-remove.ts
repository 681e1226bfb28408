import { command, success } from '../framework/command.ts';

export const domainsRemove = command({
  name: 'domains remove',
  summary: 'Take a domain from its project, with its certificate',
  details: 'The site is no longer served there, at once. No other project gets the name for 30 days without proof.',
  arguments: [{ name: 'name', help: 'a domain of the project' }],
  project: true,
  examples: ['anchor domains remove example.com'],
  async run(context, { name }) {
    const client = await context.client();
    if (!client.ok) return client;
    const project = await context.project();
    if (!project.ok) return project;
    const removed = await client.value.domains.remove({ project: project.value, name }, { signal: context.signal });
    return removed.ok ? success({ removed: name }, `Removed ${name}`) : removed;
  },
});
