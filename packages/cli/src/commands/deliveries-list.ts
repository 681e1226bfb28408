import { command, success } from '../framework/command.ts';
import { commandError } from '../framework/problem.ts';
import { table } from '../output/table.ts';
import { ago } from '../output/units.ts';

const STATES = ['received', 'accepted', 'ignored', 'rejected'] as const;

export const deliveriesList = command({
  name: 'deliveries list',
  summary: 'List received webhooks and pushes, and their results',
  options: {
    state: { kind: 'text', value: 'state', help: `only this state: ${STATES.join(', ')}` },
    limit: { kind: 'count', value: 'n', help: 'maximum number, 1 to 100 (default 20)' },
    cursor: { kind: 'text', value: 'cursor', help: 'continue after an earlier page' },
  },
  project: true,
  examples: ['anchor deliveries list', 'anchor deliveries list --state rejected'],
  async run(context, { state, limit, cursor }) {
    const wanted = STATES.find((name) => name === state);
    if (state !== undefined && wanted === undefined)
      return commandError('usage', `"${state}" is not a state.`, `Use one of ${STATES.join(', ')}.`);
    const client = await context.client();
    if (!client.ok) return client;
    const project = await context.project();
    if (!project.ok) return project;
    const page = await client.value.deliveries.list(
      { project: project.value, state: wanted, limit: limit ?? 20, cursor },
      { signal: context.signal },
    );
    if (!page.ok) return page;
    const { safe } = context.out;
    const rows = page.value.items.map((item) => [
      item.id,
      item.source,
      safe(item.event),
      item.state,
      item.reason === undefined ? item.deploymentIds.join(' ') : safe(item.reason),
      ago(item.receivedAt, Date.now()),
    ]);
    return success(
      page.value,
      ...(rows.length === 0
        ? ['No deliveries yet.']
        : table(['delivery', 'from', 'event', 'state', 'deployments or reason', 'received'], rows)),
      ...(page.value.cursor === undefined ? [] : ['', `More: --cursor ${page.value.cursor}`]),
    );
  },
});
