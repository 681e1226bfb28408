import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { manualClock } from '@anchor/testing/clock.ts';
import { jobQueueContract, type QueueHarness } from '@anchor/testing/contracts/job-queue.ts';
import { using } from '@anchor/testing/harness.ts';
import { must, sampleJob } from '@anchor/testing/samples.ts';
import { temporaryDirectory } from '@anchor/testing/temporary.ts';
import { LANES } from '@anchor/core/queue/job.ts';
import { openDatabase } from '../database.ts';
import { openJobQueue } from './job-queue.ts';

const make = async (): Promise<QueueHarness & { file: string }> => {
  const directory = await temporaryDirectory();
  const file = join(directory.path, 'anchor.db');
  const clock = manualClock();
  let db = must(openDatabase(file));
  return {
    file,
    clock,
    subject: openJobQueue(db, clock),
    reopen: async () => {
      db.close();
      db = must(openDatabase(file));
      return openJobQueue(db, clock);
    },
    end: async () => {
      db.close();
      await directory.remove();
    },
  };
};

jobQueueContract('jobs in SQLite', make);

const options = { leaseMs: 1000, lanes: LANES };
const never = new AbortController().signal;

test(
  'the group served longest ago comes first',
  using(make, async ({ subject }) => {
    for (const group of ['a', 'b', 'c'])
      for (const n of [1, 2]) await subject.enqueue(sampleJob({ group, dedupeKey: `${group}${n}` }));
    const order: string[] = [];
    for (let job = await subject.receive(options); job !== undefined; job = await subject.receive(options)) {
      order.push(job.dedupeKey);
      await subject.complete(job);
    }
    assert.deepEqual(order, ['a1', 'b1', 'c1', 'a2', 'b2', 'c2']);
  }),
);

test(
  'a production job does not wait for the running preview of its project',
  using(make, async ({ subject }) => {
    await subject.enqueue(sampleJob({ group: 'g', lane: 'preview' }));
    assert.ok(await subject.receive(options));
    await subject.enqueue(sampleJob({ group: 'g', lane: 'production', dedupeKey: 'production' }));
    assert.equal((await subject.receive(options))?.dedupeKey, 'production');
  }),
);

test(
  'a worker wakes for a job that another process has enqueued',
  using(make, async ({ subject, file, clock }) => {
    assert.equal(await subject.receive(options), undefined);
    const pending = subject.wait(30_000, never);
    const other = must(openDatabase(file));
    await openJobQueue(other, clock).enqueue(sampleJob());
    other.close();
    const started = Date.now();
    await pending;
    assert.ok(Date.now() - started < 10_000);
  }),
);

test(
  'a worker wakes when a delay is over',
  using(make, async ({ subject, clock }) => {
    await subject.enqueue(sampleJob());
    await subject.retry((await subject.receive(options))!, 60_000);
    assert.equal(await subject.receive(options), undefined);
    const pending = subject.wait(30_000, never);
    clock.advance(60_000);
    const started = Date.now();
    await pending;
    assert.ok(Date.now() - started < 10_000);
  }),
);

test(
  'a revived job joins one with its key that waits already',
  using(make, async ({ subject }) => {
    const job = sampleJob({ dedupeKey: 'k' });
    await subject.enqueue(job);
    await subject.deadLetter((await subject.receive(options))!, 'reason');
    await subject.enqueue(sampleJob({ dedupeKey: 'k' }));
    assert.equal(await subject.redrive(job.id), true);
    assert.deepEqual(await subject.depth(), { pending: 1, leased: 0, dead: 0 });
  }),
);
