import { allPages } from '@anchor/client/http/all-pages.ts';
import type { Project } from '@anchor/client/schemas/project.ts';
import { command, success } from '../framework/command.ts';
import { table } from '../output/table.ts';
import { ago } from '../output/units.ts';

export const projectsList = command({
  name: 'projects list',
  summary: 'List projects',
  examples: ['anchor projects list', 'anchor projects list --json | jq -r .items[].name'],
  async run(context) {
    const client = await context.client();
    if (!client.ok) return client;
    const items: Project[] = [];
    for await (const project of allPages((cursor) =>
      client.value.projects.list({ limit: 100, cursor }, { signal: context.signal }),
    )) {
      if (!project.ok) return project;
      items.push(project.value);
    }
    const { safe } = context.out;
    const rows = items.map((item) => [
      item.name,
      item.url,
      item.source.kind === 'git' ? safe(item.source.url) : 'pushed here',
      safe(item.productionBranch),
      item.status,
      ago(item.createdAt, Date.now()),
    ]);
    return success(
      { items },
      ...(rows.length === 0
        ? ['No projects yet. Create one: anchor init']
        : table(['name', 'address', 'source', 'branch', 'status', 'created'], rows)),
    );
  },
});
