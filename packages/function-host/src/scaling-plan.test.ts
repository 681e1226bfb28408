import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LeasedInstance } from './leases.ts';
import { planScaling, type ScalingState } from './scaling-plan.ts';

const NOW = 1_000_000;
const LIMITS = {
  project: { concurrency: 10, idleSeconds: 60, maxInstances: 4 },
  host: { cores: 2, targetConcurrencyPerCore: 8 },
};

const member = (fields: Partial<LeasedInstance> = {}): LeasedInstance => ({
  instance: {} as LeasedInstance['instance'],
  since: 0,
  release: () => undefined,
  leasedUntil: 0,
  cordoned: false,
  draining: false,
  ...fields,
});

const plan = (state: Partial<ScalingState>) =>
  planScaling(
    {
      minimum: 0,
      firm: false,
      acquiring: 0,
      lastUsed: NOW,
      lastSaturatedAt: NOW,
      now: NOW,
      inflight: 0,
      instances: [],
      startsInFlight: 0,
      mayStart: true,
      ...state,
    },
    LIMITS,
  );

test('nothing is started for a deployment without requests and without a minimum', () => {
  assert.deepEqual(plan({}).start, []);
  assert.equal(plan({}).nextAt, undefined);
});

test('the first instance is started for a request that waits, and only once', () => {
  assert.deepEqual(plan({ acquiring: 1 }).start, ['needed']);
  assert.deepEqual(plan({ acquiring: 2, startsInFlight: 1 }).start, []);
});

test('instances for requests may evict others, those that only the minimum adds may not', () => {
  assert.deepEqual(plan({ instances: [member()], inflight: 12, minimum: 4 }).start, ['needed', 'spare', 'spare']);
  assert.deepEqual(plan({ minimum: 2, firm: true }).start, ['needed', 'kept']);
});

test('nothing is started in the pause after a crash', () => {
  assert.deepEqual(plan({ instances: [member()], inflight: 40, mayStart: false }).start, []);
});

test('a cordoned instance is used again before another is started', () => {
  const cordoned = member({ cordoned: true });
  const { uncordon, start } = plan({ instances: [member(), cordoned], inflight: 12 });
  assert.deepEqual([uncordon, start], [[cordoned], []]);
});

test('the newest instance is cordoned when it was not needed for the idle time, and drained when its leases end', () => {
  const [first, surplus] = [member({ leasedUntil: NOW + 5 }), member({ leasedUntil: NOW + 5 })];
  const state = { instances: [first, surplus], inflight: 1, lastSaturatedAt: NOW - 60_000 };
  const { cordon, drain, nextAt } = plan(state);
  assert.deepEqual([cordon, drain, nextAt], [surplus, [], NOW + 5]);
  assert.equal(plan({ ...state, lastSaturatedAt: NOW - 59_999 }).cordon, undefined);
  assert.deepEqual(plan({ instances: [first, member({ cordoned: true })], inflight: 1 }).drain.length, 1);
});

test('an idle deployment drains what is not leased, except its minimum', () => {
  const [retained, leased, unused] = [member(), member({ leasedUntil: NOW + 7 }), member()];
  const state = { instances: [retained, leased, unused], lastUsed: NOW - 60_000, minimum: 1 };
  assert.deepEqual(plan(state).drain, [unused]);
  assert.equal(plan(state).nextAt, NOW + 7);
  assert.equal(plan({ ...state, acquiring: 1 }).drain.length, 0);
});
