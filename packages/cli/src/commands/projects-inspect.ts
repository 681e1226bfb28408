import { command, success } from '../framework/command.ts';
import { projectFacts } from '../framework/project-facts.ts';
import { table } from '../output/table.ts';

export const projectsInspect = command({
  name: 'projects inspect',
  summary: 'Show a project, its environments and its host names',
  arguments: [{ name: 'name', help: "the project's name or id (default: the linked one)", optional: true }],
  project: true,
  examples: ['anchor projects inspect', 'anchor projects inspect shop --json'],
  async run(context, { name }) {
    const client = await context.client();
    if (!client.ok) return client;
    const chosen = name === undefined ? await context.project() : { ok: true as const, value: name };
    if (!chosen.ok) return chosen;
    const options = { signal: context.signal };
    const [project, environments, aliases] = await Promise.all([
      client.value.projects.get({ project: chosen.value }, options),
      client.value.environments.list({ project: chosen.value }, options),
      client.value.aliases.list({ project: chosen.value, limit: 100 }, options),
    ]);
    if (!project.ok) return project;
    if (!environments.ok) return environments;
    if (!aliases.ok) return aliases;
    return success(
      { project: project.value, environments: environments.value.items, aliases: aliases.value.items },
      ...projectFacts(project.value, context.out),
      '',
      ...table(
        ['environment', 'serves', 'state', 'variables'],
        environments.value.items.map((item) => [
          item.name,
          item.deploymentId ?? '',
          item.pinned ? 'rolled back: new deployments wait' : '',
          String(item.variables),
        ]),
      ),
      ...(aliases.value.items.length === 0
        ? []
        : [
            '',
            ...table(
              ['host', 'kind', 'deployment'],
              aliases.value.items.map((item) => [item.url, item.kind, item.deploymentId]),
            ),
            ...(aliases.value.cursor === undefined ? [] : ['… and more: the first 100 are shown']),
          ]),
    );
  },
});
