import { command, done } from '../framework/command.ts';
import { table } from '../output/table.ts';
import { ago } from '../output/units.ts';

export const deadLettersList = command({
  name: 'dead-letters list',
  summary: 'List jobs that were given up, with the reason',
  options: { limit: { kind: 'count', value: 'n', help: 'at most this many, 1 to 100 (default 20)' }, cursor: { kind: 'text', value: 'cursor', help: 'go on after an earlier page' } },
  examples: ['anchor dead-letters list'],
  async run(context, { limit, cursor }) {
    const client = await context.client();
    if (!client.ok) return client;
    const page = await client.value.deadLetters.list({ limit: limit ?? 20, cursor }, { signal: context.signal });
    if (!page.ok) return page;
    const rows = page.value.items.map((item) => [item.id, item.kind, Object.values(item.payload).map(context.out.safe).join(' '), String(item.attempts), ago(item.diedAt, Date.now()), context.out.safe(item.reason)]);
    return done(page.value, ...(rows.length === 0 ? ['No job was given up.'] : table(['job', 'kind', 'about', 'attempts', 'given up', 'reason'], rows)));
  },
});
