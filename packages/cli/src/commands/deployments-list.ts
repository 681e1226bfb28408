import { deploymentStatus } from '@anchor/client/schemas/deployment.ts';
import { command, success } from '../framework/command.ts';
import { commandError } from '../framework/problem.ts';
import { table } from '../output/table.ts';
import { ago, duration } from '../output/units.ts';

export const deploymentsList = command({
  name: 'deployments list',
  summary: "List a project's deployments, newest first",
  options: {
    environment: { kind: 'text', short: 'e', value: 'name', help: 'only this environment' },
    status: { kind: 'text', value: 'status', help: `only this status: ${deploymentStatus.options.join(', ')}` },
    branch: { kind: 'text', value: 'branch', help: 'only this branch' },
    limit: { kind: 'count', value: 'n', help: 'maximum number, 1 to 100 (default 20)' },
    cursor: { kind: 'text', value: 'cursor', help: 'continue after an earlier page' },
  },
  project: true,
  examples: [
    'anchor deployments list',
    'anchor deployments list -e production --status success',
    'anchor deployments list --json --limit 100',
  ],
  async run(context, { environment, status, branch, limit, cursor }) {
    const wanted = deploymentStatus.optional().safeParse(status);
    if (!wanted.success)
      return commandError(
        'usage',
        `"${status ?? ''}" is not a status.`,
        `Use one of ${deploymentStatus.options.join(', ')}.`,
      );
    const client = await context.client();
    if (!client.ok) return client;
    const project = await context.project();
    if (!project.ok) return project;
    const page = await client.value.deployments.list(
      { project: project.value, limit: limit ?? 20, environment, status: wanted.data, branch, cursor },
      { signal: context.signal },
    );
    if (!page.ok) return page;
    const { color, safe } = context.out;
    const paint = { success: color.green, failed: color.red, canceled: color.dim, held: color.yellow } as const;
    const rows = page.value.items.map((item) => {
      const ended = item.deployEndedAt ?? item.buildEndedAt;
      const mark = item.liveAt.length > 0 ? color.green('live') : '';
      const status =
        item.status in paint ? paint[item.status as keyof typeof paint](item.status) : color.cyan(item.status);
      return [
        item.id,
        status,
        mark,
        item.environment,
        safe(item.source.branch ?? ''),
        item.source.commit?.slice(0, 9) ?? 'upload',
        ended === undefined ? '' : duration(ended - item.createdAt),
        ago(item.createdAt, Date.now()),
      ];
    });
    const text =
      rows.length === 0
        ? [`No deployments of ${project.value}.`]
        : table(['deployment', 'status', '', 'environment', 'branch', 'commit', 'took', 'created'], rows);
    return success(
      page.value,
      ...text,
      ...(page.value.cursor === undefined ? [] : ['', `More: --cursor ${page.value.cursor}`]),
    );
  },
});
