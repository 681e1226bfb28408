import { startOf } from '@anchor/core/metrics/resolution.ts';
import type { ProjectId } from '@anchor/core/names/id.ts';
import type { MetricRow, MetricStore, StoredResolution } from '@anchor/core/ports/metric-store.ts';
import { addCounts, emptyCounts, type RequestCounts } from '@anchor/core/metrics/request-counts.ts';

export function metricStore(): MetricStore {
  const rows: Record<StoredResolution, Map<string, MetricRow>> = { minute: new Map(), hour: new Map() };
  const within = (resolution: StoredResolution, from: number, to: number): readonly MetricRow[] =>
    [...rows[resolution].values()].filter(({ at }) => at >= from && at < to).sort((a, b) => a.at - b.at);
  return {
    add: async (added) => {
      for (const { projectId, at, counts } of added)
        for (const resolution of ['minute', 'hour'] as const) {
          const start = startOf(at, resolution);
          const key = `${projectId} ${start}`;
          const row = rows[resolution].get(key) ?? { projectId, at: start, counts: emptyCounts() };
          addCounts(row.counts, counts);
          rows[resolution].set(key, row);
        }
    },
    range: async (resolution, projectId, from, to) =>
      within(resolution, from, to)
        .filter((row) => row.projectId === projectId)
        .map(({ at, counts }) => ({ at, counts: counts.slice() })),
    totals: async (resolution, from, to, only) => {
      const sums = new Map<ProjectId, RequestCounts>();
      for (const { projectId, counts } of within(resolution, from, to)) {
        if (only !== undefined && projectId !== only) continue;
        const sum = sums.get(projectId) ?? emptyCounts();
        addCounts(sum, counts);
        sums.set(projectId, sum);
      }
      return sums;
    },
    expire: async (resolution, before) => {
      for (const [key, { at }] of rows[resolution]) if (at < before) rows[resolution].delete(key);
    },
    removeProject: async (projectId) => {
      for (const all of [rows.minute, rows.hour])
        for (const [key, row] of all) if (row.projectId === projectId) all.delete(key);
    },
  };
}
