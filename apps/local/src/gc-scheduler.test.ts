import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '@anchor/testing/until.ts';
import { scheduleGc } from './gc-scheduler.ts';

test('clean-up comes soon after the start, waits while there is a build, and comes again after a failure', async (t) => {
  let busy = true;
  let looks = 0;
  let runs = 0;
  const reported: unknown[] = [];
  const keeping = scheduleGc({
    run: () => {
      runs += 1;
      return runs === 1 ? Promise.reject(new Error('the disk is away')) : Promise.resolve();
    },
    busy: () => (looks++, busy),
    report: (error) => reported.push(error),
    firstMs: 5,
    againMs: 5,
    everyMs: 20,
  });
  t.after(keeping.stop);
  await until('it has looked often', () => looks > 10);
  assert.equal(runs, 0);
  busy = false;
  await until('it has run again after it failed', () => runs > 2);
  assert.match(String(reported[0]), /the disk is away/);
  assert.equal(reported.length, 1);
});

test('once stopped it does not come again', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let runs = 0;
  const keeping = scheduleGc({
    run: async () => {
      runs += 1;
      keeping.stop();
    },
    busy: () => false,
    report: () => undefined,
    firstMs: 1,
    everyMs: 1,
  });
  for (let turn = 0; turn < 3; turn += 1) {
    t.mock.timers.tick(1_000);
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(runs, 1);
  }
});
