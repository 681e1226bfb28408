import { schedBatchPrefix } from './sched-batch.ts';
import { isOn, type ProcessStart, type Tuning } from './tuning.ts';

/** Of the edge workers. */
export const EDGE = {
  batchScheduling: {
    name: 'edge-batch-scheduling',
    what: '`SCHED_BATCH`: an edge worker that wakes does not preempt the function that writes to it',
    file: 'apps/local/src/tuning/sched-batch.ts',
    measured: { on: '2026-11-28', figure: 'route handler 4,650 → 5,560 requests/s; edge 0.11 → 0.05 ms a request' },
  },
  sharedGroup: {
    name: 'edge-shared-group',
    what: 'one control group for all edge workers, so that the scheduler does not treat each as a session (`sched_autogroup`)',
    file: 'packages/sandbox-linux/src/edge-group.ts',
    measured: { on: '2026-11-27', figure: 'p99 of a cached page beside a busy program 20 to 36 → 5 ms' },
  },
  youngGeneration: {
    name: 'edge-young-generation',
    what: '`--max-semi-space-size=16`: the young generation stays as large as requests need it',
    file: 'apps/local/src/tuning/edge.ts',
  },
  serialScavenge: {
    name: 'edge-serial-scavenge',
    what: '`--no-parallel-scavenge`: on busy cores the helpers of the collector are waited for',
    file: 'apps/local/src/tuning/edge.ts',
  },
  responseMemo: {
    name: 'edge-response-memo',
    what: 'a request that is identical byte for byte gets its response without parsing',
    file: 'packages/edge/src/fastpath/response-memo.ts',
    measured: {
      on: '2026-12-01',
      figure: 'processor time per request against nginx 0.97 → 0.76 (page), 1.07 → 0.81 (file)',
    },
    switch: '`ANCHOR_EDGE_RESPONSE_MEMO=off`',
  },
  sharedReadBuffer: {
    name: 'edge-shared-read-buffer',
    what: 'connections, with TLS too, read into one buffer of the worker',
    file: 'packages/edge/src/http1/own/shared-read.ts',
    measured: {
      on: '2026-12-01',
      figure:
        'processor time per request against nginx 0.93 → 0.76 (page), 0.94 → 0.81 (file); HTTP/2 26.1 → 24.1 µs a request',
    },
    switch: '`ANCHOR_EDGE_SHARED_READ=off`',
  },
} as const satisfies Record<string, Tuning>;

export const edgeStart = (env: NodeJS.ProcessEnv): ProcessStart => ({
  prefix: isOn(EDGE.batchScheduling, env) ? schedBatchPrefix(env) : [],
  flags: [
    ...(isOn(EDGE.youngGeneration, env) ? ['--max-semi-space-size=16'] : []),
    ...(isOn(EDGE.serialScavenge, env) ? ['--no-parallel-scavenge'] : []),
  ],
  variables: {},
});
