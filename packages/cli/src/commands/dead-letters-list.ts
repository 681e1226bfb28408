import { command, success } from '../framework/command.ts';
import { table } from '../output/table.ts';
import { ago } from '../output/units.ts';

export const deadLettersList = command({
  name: 'dead-letters list',
  summary: 'List dead jobs and records that could not be processed',
  details:
    'Records are deliveries, deployments, pushes, rows of the database and blobs. After three attempts one becomes a dead\nletter, until you retry it (anchor dead-letters revive) or drop it (anchor dead-letters drop).',
  options: {
    limit: { kind: 'count', value: 'n', help: 'maximum number of each, 1 to 100 (default 20)' },
    cursor: { kind: 'text', value: 'cursor', help: 'continue after an earlier page of jobs' },
  },
  examples: ['anchor dead-letters list', 'anchor dead-letters list --json | jq .records'],
  async run(context, { limit, cursor }) {
    const client = await context.client();
    if (!client.ok) return client;
    const options = { signal: context.signal };
    const page = await client.value.deadLetters.list({ limit: limit ?? 20, cursor }, options);
    if (!page.ok) return page;
    const records = await client.value.deadLetters.records.list({ limit: limit ?? 20 }, options);
    if (!records.ok) return records;
    const { safe } = context.out;
    const now = Date.now();
    const rows = page.value.items.map((item) => [
      item.id,
      item.kind,
      Object.values(item.payload).map(safe).join(' '),
      String(item.attempts),
      ago(item.diedAt, now),
      safe(item.reason),
    ]);
    const failed = records.value.items.map((record) => [
      safe(`${record.kind}:${record.id}`),
      safe(record.project ?? ''),
      String(record.tries),
      ago(record.since, now),
      safe(record.why),
    ]);
    return success(
      { ...page.value, records: records.value.items },
      ...(rows.length === 0
        ? ['No dead jobs.']
        : table(['job', 'kind', 'about', 'attempts', 'given up', 'reason'], rows)),
      '',
      ...(failed.length === 0
        ? ['All records are processed.']
        : table(['record', 'project', 'tries', 'since', 'reason'], failed)),
    );
  },
});
