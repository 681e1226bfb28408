import type { ProjectId } from '../names/id.ts';
import type { Metric } from '../ports/platform-operations.ts';
import { requestsWithin, summarize, type RequestCounts } from './request-counts.ts';

/** Bounds of the histogram, in seconds. Finer ones are in the API. */
const BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const STATUS = { success: '2xx', redirect: '3xx', clientError: '4xx', serverError: '5xx' } as const;
type Status = keyof typeof STATUS;

/** Returns the counters of projects in the terms of Prometheus. `nameOf`: what each is labelled with; undefined: left out. */
export function requestMetricFamilies(
  projects: ReadonlyMap<ProjectId, RequestCounts>,
  nameOf: (id: ProjectId) => string | undefined,
): readonly Metric[] {
  const named = [...projects].flatMap(([id, counts]) => {
    const project = nameOf(id);
    return project === undefined ? [] : [{ project, counts, summary: summarize(counts) }];
  });
  type Named = (typeof named)[number];
  const family = (
    type: Metric['type'],
    name: string,
    help: string,
    samples: (of: Named) => Metric['samples'],
  ): Metric => ({ type, name: `anchor_${name}`, help, samples: named.flatMap(samples) });
  return [
    family('counter', 'requests_total', 'Requests by project and class of status.', ({ project, summary }) =>
      (Object.keys(STATUS) as Status[]).map((kind) => ({
        labels: { project, code: STATUS[kind] },
        value: summary.byStatus[kind],
      })),
    ),
    family('counter', 'cache_results_total', 'Requests by how the response was produced.', ({ project, summary }) =>
      Object.entries(summary.byCache).map(([result, value]) => ({
        labels: { project, result: result.toLowerCase() },
        value,
      })),
    ),
    family('counter', 'response_bytes_total', 'Bytes of responses by project.', ({ project, summary }) => [
      { labels: { project }, value: summary.bytes },
    ]),
    family(
      'histogram',
      'request_duration_seconds',
      'Time from the head of a request to the end of its response.',
      ({ project, counts, summary }) => [
        ...BOUNDS.map((bound) => bucket(project, String(bound), requestsWithin(counts, bound * 1_000))),
        bucket(project, '+Inf', summary.requests),
        { part: 'sum', labels: { project }, value: Math.round(summary.milliseconds) / 1_000 },
        { part: 'count', labels: { project }, value: summary.requests },
      ],
    ),
  ];
}

const bucket = (project: string, le: string, value: number): Metric['samples'][number] => ({
  part: 'bucket',
  labels: { project, le },
  value,
});
