import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newId } from '@anchor/core/names/id.ts';
import { MemoryBudget, type Claim } from './memory-budget.ts';

const settings = { memoryMb: 2_048, maxInstances: 64, projectShare: 0.5, admissionTimeoutMs: 60_000 };
const turn = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

test('what is freed for a first start does not go to another instance of what runs, although that has waited longer', async () => {
  const capacity = new MemoryBudget(settings, async ({ first }) => first);
  const more: Claim = { projectId: newId('prj', Date.now()), memoryMb: 512, live: true, first: false };
  const held = await Promise.all([capacity.reserve(more), capacity.reserve(more)]);
  const got: string[] = [];
  const pending = capacity.reserve(more).then((reserved) => (got.push('more'), reserved));
  await turn();
  const first = capacity.reserve({ ...more, first: true }).then((reserved) => (got.push('first'), reserved));
  await turn();
  if (held[0].ok) held[0].value();
  await turn();
  assert.deepEqual(got, ['first']);
  for (const reserved of [held[1], await first]) if (reserved.ok) reserved.value();
  assert.equal((await pending).ok, true);
});

test('a start that waits long is woken once by the next release', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const budget = new MemoryBudget(settings, async () => false);
  const claim: Claim = { projectId: newId('prj', Date.now()), memoryMb: 512, live: true, first: false };
  const held = await Promise.all([budget.reserve(claim), budget.reserve(claim)]);
  const reserving = budget.reserve(claim);
  for (let checks = 0; checks < 20; checks++) {
    await turn();
    t.mock.timers.tick(100);
  }
  await turn();
  const wake = t.mock.method(globalThis, 'clearTimeout');
  if (held[0].ok) held[0].value();
  assert.equal(wake.mock.callCount(), 1);
  for (const reserved of [held[1], await reserving]) if (reserved.ok) reserved.value();
});
