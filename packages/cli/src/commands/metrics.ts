import type { AllMetrics, ProjectMetrics, RequestTotals } from '@anchor/client/schemas/metrics.ts';
import { command, success } from '../framework/command.ts';
import { commandError } from '../framework/problem.ts';
import { sparkline } from '../output/sparkline.ts';
import { table } from '../output/table.ts';
import { bytes } from '../output/units.ts';

const MINUTE_MS = 60_000;
/** Steps of a picture at most. */
const COLUMNS = 60;

export const metrics = command({
  name: 'metrics',
  summary: "Show a project's requests, or those of all projects",
  details:
    'Requests, errors, how many were served without a function, and how long they took. Half of the requests took at most\np50, 95 % at most p95, 99 % at most p99. A server error is a status of 500 and above.',
  options: {
    of: { kind: 'text', value: 'project', help: 'this project alone, with its course' },
    since: { kind: 'text', value: 'time', help: '15m, 1h, 24h, 7d (default 1h)' },
  },
  examples: ['anchor metrics', 'anchor metrics --of shop --since 24h'],
  async run(context, { of, since = '1h' }) {
    const minutes = minutesOf(since);
    if (minutes === undefined)
      return commandError('usage', `"${since}" is no time.`, 'Write 15m, 1h, 24h or 7d; at most 366d.');
    const client = await context.client();
    if (!client.ok) return client;
    const options = { signal: context.signal };
    if (of === undefined) {
      const all = await client.value.metrics.list({ minutes }, options);
      return all.ok ? success(all.value, ...listOf(all.value)) : all;
    }
    const to = Date.now();
    const step = minutes <= 10 ? 'second' : minutes <= 1_440 ? 'minute' : 'hour';
    const found = await client.value.metrics.project(
      { project: of, step, from: to - minutes * MINUTE_MS, to },
      options,
    );
    return found.ok ? success(found.value, ...courseOf(found.value)) : found;
  },
});

/** Reads 15m, 1h, 7d as minutes. */
function minutesOf(text: string): number | undefined {
  const [, number, unit] = /^(\d{1,6})([mhd])$/.exec(text) ?? [];
  if (number === undefined) return undefined;
  const minutes = Number(number) * (unit === 'm' ? 1 : unit === 'h' ? 60 : 1_440);
  return minutes >= 1 && minutes <= 366 * 1_440 ? minutes : undefined;
}

const HEADER = ['requests', 'server errors', 'client errors', 'without a function', 'sent', 'p50', 'p95', 'p99'];
const rowOf = ({ requests, serverErrors, clientErrors, stored, bytes: sent, p50, p95, p99 }: RequestTotals) => [
  requests.toLocaleString('en'),
  share(serverErrors, requests),
  share(clientErrors, requests),
  share(stored, requests),
  bytes(sent),
  ...[p50, p95, p99].map((ms) => (ms === undefined ? '–' : milliseconds(ms))),
];

const listOf = ({ items }: AllMetrics): readonly string[] =>
  items.length === 0
    ? ['No requests in this time.']
    : table(
        ['project', ...HEADER],
        items.map(({ project, ...totals }) => [project, ...rowOf(totals)]),
      );

function courseOf({ step, from, to, total, points }: ProjectMetrics): readonly string[] {
  if (total.requests === 0) return ['No requests in this time.'];
  const width = (to - from) / COLUMNS;
  const columns = Array.from({ length: COLUMNS }, () => ({ requests: 0, errors: 0 }));
  for (const { at, requests, serverErrors } of points) {
    const column = columns[Math.min(COLUMNS - 1, Math.floor((at - from) / width))];
    if (column === undefined) continue;
    column.requests += requests;
    column.errors += serverErrors;
  }
  return [
    `requests       ${sparkline(columns.map(({ requests }) => requests))}`,
    `server errors  ${sparkline(columns.map(({ errors }) => errors))}`,
    `               by ${step}, ${time(from)} to ${time(to)}`,
    '',
    ...table(HEADER, [rowOf(total)]),
  ];
}

const share = (part: number, whole: number): string => {
  if (part === 0) return '0';
  const percent = (100 * part) / whole;
  return `${part.toLocaleString('en')} (${percent < 0.1 ? '< 0.1' : percent.toFixed(1)} %)`;
};
const milliseconds = (ms: number): string =>
  ms < 10 ? `${ms.toFixed(1)} ms` : ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
const time = (at: number): string => new Date(at).toISOString().slice(0, 16).replace('T', ' ');
