import type { Api } from '@anchor/client/endpoints/table.ts';
import { requestMetricFamilies } from '@anchor/core/metrics/request-metric-families.ts';
import type { MetricPoint } from '@anchor/core/metrics/request-metrics.ts';
import { startOf, STEP_MS } from '@anchor/core/metrics/resolution.ts';
import type { ProjectId } from '@anchor/core/names/id.ts';
import { maySee } from '@anchor/core/people/caller.ts';
import type { Metric } from '@anchor/core/ports/platform-operations.ts';
import { fail, ok } from '@anchor/core/result/result.ts';
import type { ServerContext } from '../../context.ts';
import { targetOf } from '../authorize.ts';
import type { HandlersOf } from '../handler.ts';
import { prometheusText } from '../views/prometheus.ts';
import { compact } from '../views/views.ts';

const DEFAULT_STEPS = 60;
const MAX_STEPS = 1_500;
const DEFAULT_MINUTES = 60;

export function metricHandlers(server: ServerContext): HandlersOf<Api['metrics']> {
  const { ports, metrics, operations } = server;
  const nameOf = async (id: ProjectId): Promise<string | undefined> => (await ports.projects.get(id))?.name;
  return {
    project: async ({ project, query }) => {
      const { step = 'minute', to = ports.clock.now() } = query;
      const start = query.from ?? Math.max(0, to - DEFAULT_STEPS * STEP_MS[step]);
      const from = startOf(start, step);
      if (start > to || to - start > MAX_STEPS * STEP_MS[step])
        return fail(
          'invalid_input',
          'That is too long a time for this step, or its end is before its start',
          `Use at most ${MAX_STEPS.toLocaleString('en')} steps between from and to, or a longer step.`,
        );
      const { points, total } = await metrics.series(project.id, step, from, to);
      return ok({
        step,
        from,
        to,
        total: totalsView(total),
        points: points.map(({ at, ...summary }) => ({ at, ...totalsView(summary) })),
      });
    },
    list: async ({ query, caller }) => {
      const from = ports.clock.now() - (query.minutes ?? DEFAULT_MINUTES) * STEP_MS.minute;
      const items = [];
      const only = caller.kind === 'token' ? caller.token.projectId : undefined;
      for (const [projectId, summary] of await metrics.totals(from, only)) {
        const project = await ports.projects.get(projectId);
        if (project !== undefined && maySee(caller, targetOf(project)))
          items.push({ projectId, project: project.name, ...totalsView(summary) });
      }
      return ok({ from, items: items.sort((a, b) => b.requests - a.requests) });
    },
    prometheus: async () => {
      const names = new Map<ProjectId, string>();
      for (const projectId of metrics.sinceStart().keys()) {
        const name = await nameOf(projectId);
        if (name !== undefined) names.set(projectId, name);
      }
      const text = prometheusText([
        ...requestMetricFamilies(metrics.sinceStart(), (id) => names.get(id)),
        ...(await platformMetrics(server)),
        ...(await operations.metrics()),
      ]);
      return ok(
        (async function* () {
          yield new TextEncoder().encode(text);
        })(),
      );
    },
  };
}

async function platformMetrics({ ports, operations }: ServerContext): Promise<readonly Metric[]> {
  const [{ freeBytes, totalBytes }, { pending, leased, dead }] = await Promise.all([
    operations.disk(),
    ports.queue.depth(),
  ]);
  return [
    gauge('disk_free_bytes', 'Free space of the disk of the data directory.', freeBytes),
    gauge('disk_size_bytes', 'Size of the disk of the data directory.', totalBytes),
    gauge('jobs_waiting', 'Jobs that wait for a turn.', pending),
    gauge('jobs_running', 'Jobs that run.', leased),
    gauge('jobs_dead', 'Jobs that were given up.', dead),
  ];
}

const gauge = (name: string, help: string, value: number): Metric => ({
  name: `anchor_${name}`,
  help,
  type: 'gauge',
  samples: [{ labels: {}, value }],
});

function totalsView({ requests, byStatus, byCache, bytes, p50, p95, p99 }: Omit<MetricPoint, 'at'>) {
  return {
    requests,
    success: byStatus.success,
    redirects: byStatus.redirect,
    clientErrors: byStatus.clientError,
    serverErrors: byStatus.serverError,
    stored: byCache.STATIC + byCache.HIT + byCache.STALE,
    bytes,
    ...compact({ p50: rounded(p50), p95: rounded(p95), p99: rounded(p99) }),
  };
}

const rounded = (ms: number | undefined): number | undefined =>
  ms === undefined ? undefined : Math.round(ms * 100) / 100;
