import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryHome } from '@anchor/testing/memory/home.ts';
import { processRecord } from './process-record.ts';

const RECORD = { kind: 'delivery', id: 'dlv_1', project: 'prj_1' };

test('a record that fails is counted, set aside after three tries, and then left alone until it is cleared', async () => {
  const ports = memoryHome();
  let runs = 0;
  const fails = async (): Promise<void> => {
    runs += 1;
    throw new Error(`bad ${runs}`);
  };
  const messages: string[] = [];
  const run = processRecord(ports, (message) => messages.push(message));
  assert.deepEqual(
    [await run(RECORD, fails), await run(RECORD, fails), await run(RECORD, fails), await run(RECORD, fails)],
    ['failed', 'failed', 'set_aside', 'set_aside'],
  );
  assert.equal(runs, 3);
  assert.deepEqual(await ports.failedRecords.get('delivery', 'dlv_1'), {
    ...RECORD,
    tries: 3,
    why: 'bad 3',
    since: ports.clock.now(),
  });
  assert.match(messages[2] ?? '', /dead-letters list/);
  await ports.failedRecords.clear('delivery', 'dlv_1');
  assert.equal(await run(RECORD, async () => undefined), 'processed');
});

test('one that succeeds resets its count', async () => {
  const ports = memoryHome();
  const run = processRecord(ports);
  await run(RECORD, async () => 'refused');
  assert.equal((await ports.failedRecords.get('delivery', 'dlv_1'))?.why, 'refused');
  await run(RECORD, async () => undefined);
  assert.equal(await ports.failedRecords.get('delivery', 'dlv_1'), undefined);
});

test('a full disk or a locked database counts against no record', async () => {
  const ports = memoryHome();
  const run = processRecord(ports);
  for (let i = 0; i < 5; i++) {
    assert.equal(
      await run(RECORD, async () => {
        throw Object.assign(new Error('write failed'), { code: 'ENOSPC' });
      }),
      'failed',
    );
    assert.equal(
      await run(RECORD, async () => {
        throw new Error('database or disk is full');
      }),
      'failed',
    );
  }
  assert.equal(await ports.failedRecords.get('delivery', 'dlv_1'), undefined);
});

test('a count that cannot be written stops nothing', async () => {
  const home = memoryHome();
  const ports = {
    ...home,
    failedRecords: {
      ...home.failedRecords,
      fail: async () => {
        throw new Error('read-only');
      },
    },
  };
  assert.equal(
    await processRecord(ports)(RECORD, async () => {
      throw new Error('bad');
    }),
    'failed',
  );
});
