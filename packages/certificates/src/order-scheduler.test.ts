import assert from 'node:assert/strict';
import { test } from 'node:test';
import { certificateStore } from '@anchor/testing/memory/certificate-store.ts';
import { CertificateIndex } from './certificate-index.ts';
import { OrderScheduler } from './order-scheduler.ts';
import { newOrder } from './orders/order-record.ts';
import { openTables, type OrderRecord } from './records/records.ts';

test('an order that is stored while a round ends starts another one', async () => {
  for (let turns = 0; turns < 12; turns++) {
    const looked: string[] = [];
    const tables = openTables(certificateStore(), () => undefined);
    const orders = { get: async (id: string) => void looked.push(id) };
    const index = await CertificateIndex.open(tables);
    const context = { tables: { ...tables, orders }, clock: { now: () => 1 } };
    const scheduler = new OrderScheduler(context as never, index, () => undefined);
    scheduler.start();
    for (let turn = 0; turn < turns; turn++) await Promise.resolve();
    const order: OrderRecord = newOrder(['shop.test'], 'domain', 'CA', 0);
    index.orders.set('one', order);
    scheduler.start();
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual([turns, looked], [turns, ['one']]);
    index.orders.clear();
    await scheduler.close();
  }
});
