import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CertificateStore } from '@anchor/core/ports/certificate-store.ts';
import { certificateStore } from '@anchor/testing/memory/certificate-store.ts';
import { openTables } from '../records/records.ts';
import { Budgets, type Exhausted, type Spending } from './budgets.ts';

const HOUR = 3_600_000;
const WEEK = 168 * HOUR;
const start = Date.UTC(2030, 0, 1);

const open = (store: CertificateStore = certificateStore()): Budgets =>
  new Budgets(openTables(store, (record) => assert.fail(record)).budgets);

let count = 0;
function spending(over: Partial<Spending> = {}): Spending {
  count += 1;
  const name = `n${count}.example.com`;
  return { authority: 'CA', set: name, names: [name], domains: ['example.com'], renewal: false, ...over };
}

/** Returns a spending of a registered domain of its own. */
const elsewhere = (): Spending => spending({ domains: [`d${count}.example`] });

async function exhausted(budgets: Budgets, what: Spending, now = start): Promise<Exhausted> {
  const result = await budgets.reserve(what, now);
  assert.ok(!result.ok);
  return result.error;
}

test('a registered domain gets 40 certificates a week, and renewals of it more', async () => {
  const budgets = open();
  const all = await Promise.all(Array.from({ length: 50 }, () => budgets.reserve(spending(), start)));
  assert.equal(all.filter(({ ok }) => ok).length, 40);
  const { kind, retryAt } = await exhausted(budgets, spending(), start + HOUR);
  assert.deepEqual([kind, retryAt], ['domain', start + WEEK]);
  const renewals = await Promise.all(
    Array.from({ length: 20 }, () => budgets.reserve(spending({ renewal: true }), start)),
  );
  assert.equal(renewals.filter(({ ok }) => ok).length, 8);
  assert.equal((await budgets.reserve(spending({ domains: ['other.example'] }), start)).ok, true);
  assert.equal((await budgets.reserve(spending(), start + WEEK)).ok, true);
});

test('a CA gets 250 orders in three hours, renewals first, and another CA its own', async () => {
  const budgets = open();
  for (let order = 0; order < 250; order++) assert.equal((await budgets.reserve(elsewhere(), start)).ok, true);
  assert.equal((await exhausted(budgets, elsewhere())).kind, 'orders');
  assert.equal((await budgets.reserve({ ...elsewhere(), renewal: true }, start)).ok, true);
  assert.equal((await budgets.reserve({ ...elsewhere(), authority: 'Other' }, start)).ok, true);
  assert.equal((await budgets.reserve(elsewhere(), start + 3 * HOUR)).ok, true);
});

test('three failures of a name close it for an hour, for renewals too', async () => {
  const budgets = open();
  for (let failure = 0; failure < 3; failure++) await budgets.countFailure('CA', 'bad.example.com', start);
  for (const renewal of [false, true]) {
    const what = spending({ names: ['good.example.com', 'bad.example.com'], renewal });
    assert.deepEqual((await exhausted(budgets, what)).of, 'bad.example.com');
    assert.equal((await budgets.reserve(what, start + HOUR)).ok, true);
  }
});

test('an order that is refused uses nothing, and one that failed gives its certificate back', async () => {
  const budgets = open();
  const same = spending();
  for (let order = 0; order < 40; order++) await budgets.reserve(spending(), start);
  await exhausted(budgets, same);
  await budgets.release(spending(), start);
  assert.equal((await budgets.reserve(same, start)).ok, true);
});

test('counts survive a restart and are removed when no window has them', async () => {
  const store = certificateStore();
  const first = open(store);
  for (let order = 0; order < 40; order++) await first.reserve(spending(), start);
  const second = open(store);
  assert.equal((await exhausted(second, spending())).kind, 'domain');
  await second.expire(start + 2 * WEEK);
  assert.deepEqual(await store.list('budget'), []);
});

test('a clock that was ahead blocks nothing after it is set right', async () => {
  const budgets = open();
  for (let order = 0; order < 40; order++) await budgets.reserve(spending(), start + 10 * WEEK);
  assert.equal((await budgets.reserve(spending(), start)).ok, true);
});
