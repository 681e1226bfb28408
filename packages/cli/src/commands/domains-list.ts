import { allPages } from '@anchor/client/http/all-pages.ts';
import type { Domain } from '@anchor/client/schemas/domain.ts';
import { command, success } from '../framework/command.ts';
import { stateText, targetText } from '../framework/domain-lines.ts';
import { table } from '../output/table.ts';

export const domainsList = command({
  name: 'domains list',
  summary: 'List the domains of a project',
  project: true,
  examples: [
    'anchor domains list',
    'anchor domains list --json | jq -r \'.items[] | select(.status != "active").name\'',
  ],
  async run(context) {
    const client = await context.client();
    if (!client.ok) return client;
    const project = await context.project();
    if (!project.ok) return project;
    const items: Domain[] = [];
    for await (const domain of allPages((cursor) =>
      client.value.domains.list({ project: project.value, limit: 100, cursor }, { signal: context.signal }),
    )) {
      if (!domain.ok) return domain;
      items.push(domain.value);
    }
    const rows = items.map((item) => [
      item.name,
      stateText(item),
      targetText(item),
      item.certificate === undefined ? '' : new Date(item.certificate.notAfter).toISOString().slice(0, 10),
      item.status === 'active' && item.steps.length === 0 ? '' : context.out.safe(item.reason),
    ]);
    return success(
      { items },
      ...(rows.length === 0
        ? ['No domains. Add one: anchor domains add example.com']
        : table(['domain', 'state', 'serves', 'certificate until', 'why'], rows)),
    );
  },
});
