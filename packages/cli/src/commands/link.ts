import { command, success } from '../framework/command.ts';
import { connectFolder } from '../framework/connect-folder.ts';

export const link = command({
  name: 'link',
  summary: 'Link this folder to an existing project',
  arguments: [{ name: 'name', help: "the project's name or id" }],
  examples: ['anchor link shop'],
  async run(context, { name }) {
    const client = await context.client();
    if (!client.ok) return client;
    const project = await client.value.projects.get({ project: name }, { signal: context.signal });
    if (!project.ok) return project;
    const connected = await connectFolder(context, project.value);
    return connected.ok
      ? success({ project: project.value, remote: connected.value.remote }, ...connected.value.notes)
      : connected;
  },
});
