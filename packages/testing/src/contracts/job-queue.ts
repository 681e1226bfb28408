import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JobQueue } from '@anchor/core/ports/job-queue.ts';
import { LANES, type LeasedJob } from '@anchor/core/queue/job.ts';
import type { ManualClock } from '../clock.ts';
import { using, type Harness } from '../harness.ts';
import { sampleJob } from '../samples.ts';
import { everyPage } from './paging.ts';

export type QueueHarness = Harness<JobQueue> & Readonly<{ clock: ManualClock }>;
const LEASE = 60_000;
const take = (queue: JobQueue, lanes: readonly (typeof LANES)[number][] = LANES): Promise<LeasedJob | undefined> =>
  queue.receive({ leaseMs: LEASE, lanes });

/** Receives and completes until nothing is left; the dedupe keys in order. */
async function drain(queue: JobQueue): Promise<readonly string[]> {
  const keys: string[] = [];
  for (let job = await take(queue); job !== undefined; job = await take(queue)) {
    keys.push(job.dedupeKey);
    await queue.complete(job);
  }
  return keys;
}

export function jobQueueContract(name: string, make: () => Promise<QueueHarness>): void {
  test(
    `${name}: a job is received as it was enqueued, its attempts counted, and is gone when complete`,
    using(make, async ({ subject, clock }) => {
      const job = sampleJob();
      assert.equal(await subject.enqueue(job), true);
      const leased = (await take(subject))!;
      const { receipt, leaseUntil, ...rest } = leased;
      assert.deepEqual(rest, { ...job, attempts: 1 });
      assert.ok(receipt.length > 0);
      assert.equal(leaseUntil, clock.now() + LEASE);
      assert.equal(await take(subject), undefined);
      await subject.complete(leased);
      clock.advance(LEASE * 2);
      assert.equal(await take(subject), undefined);
      assert.deepEqual(await subject.depth(), { pending: 0, leased: 0, dead: 0 });
    }),
  );

  test(
    `${name}: lanes are tried in order, and only the requested ones`,
    using(make, async ({ subject }) => {
      for (const lane of LANES.toReversed()) await subject.enqueue(sampleJob({ lane, dedupeKey: lane }));
      assert.equal(await take(subject, []), undefined);
      assert.equal((await take(subject, ['preview']))?.dedupeKey, 'preview');
      await subject.enqueue(sampleJob({ lane: 'preview', dedupeKey: 'another preview' }));
      assert.deepEqual(await drain(subject), ['production', 'another preview']);
    }),
  );

  test(
    `${name}: within a group jobs run one at a time, in order of arrival`,
    using(make, async ({ subject }) => {
      for (const dedupeKey of ['1', '2', '3']) await subject.enqueue(sampleJob({ group: 'g', dedupeKey }));
      const first = (await take(subject))!;
      assert.equal(first.dedupeKey, '1');
      assert.equal(await take(subject), undefined, 'the group is at work');
      await subject.complete(first);
      assert.deepEqual(await drain(subject), ['2', '3']);
    }),
  );

  test(
    `${name}: a group with many jobs does not keep another waiting`,
    using(make, async ({ subject }) => {
      for (let i = 0; i < 20; i++) await subject.enqueue(sampleJob({ group: 'busy', dedupeKey: `busy-${i}` }));
      await subject.enqueue(sampleJob({ group: 'small', dedupeKey: 'small' }));
      const order = await drain(subject);
      assert.equal(order.length, 21);
      assert.ok(order.indexOf('small') <= 2, `the other group came as number ${order.indexOf('small') + 1}`);
    }),
  );

  test(
    `${name}: two jobs with one key are one, until it is complete`,
    using(make, async ({ subject }) => {
      assert.equal(await subject.enqueue(sampleJob({ dedupeKey: 'k' })), true);
      assert.equal(await subject.enqueue(sampleJob({ dedupeKey: 'k' })), false);
      const leased = (await take(subject))!;
      await subject.complete(leased);
      assert.equal(await take(subject), undefined);
    }),
  );

  test(
    `${name}: concurrent workers never get the same job`,
    using(make, async ({ subject }) => {
      await Promise.all(Array.from({ length: 10 }, () => subject.enqueue(sampleJob())));
      const jobs = await Promise.all(Array.from({ length: 15 }, () => take(subject)));
      const ids = jobs.flatMap((job) => (job === undefined ? [] : [job.id]));
      assert.equal(new Set(ids).size, ids.length);
      assert.equal(ids.length, 10);
    }),
  );

  test(
    `${name}: a job whose worker died comes back when its lease ends, and its old receipt is worthless`,
    using(make, async ({ subject, clock }) => {
      await subject.enqueue(sampleJob({ group: 'g', dedupeKey: '1' }));
      await subject.enqueue(sampleJob({ group: 'g', dedupeKey: '2' }));
      const lost = (await take(subject))!;
      clock.advance(LEASE + 1);
      const retried = (await take(subject))!;
      assert.deepEqual([retried.dedupeKey, retried.attempts], ['1', 2]);
      assert.notEqual(retried.receipt, lost.receipt);
      assert.equal(await subject.extend(lost, LEASE), false);
      await subject.complete(lost);
      await subject.retry(lost, 0);
      await subject.deadLetter(lost, 'late');
      assert.deepEqual(await subject.depth(), { pending: 1, leased: 1, dead: 0 });
      assert.equal(await subject.extend(retried, LEASE), true);
    }),
  );

  test(
    `${name}: an extended lease lasts`,
    using(make, async ({ subject, clock }) => {
      await subject.enqueue(sampleJob());
      const leased = (await take(subject))!;
      clock.advance(LEASE - 1);
      assert.equal(await subject.extend(leased, LEASE), true);
      clock.advance(LEASE - 1);
      assert.equal(await take(subject), undefined);
      await subject.complete(leased);
      assert.equal(await subject.extend(leased, LEASE), false);
    }),
  );

  test(
    `${name}: a retry comes back after its delay and before the jobs behind it`,
    using(make, async ({ subject, clock }) => {
      await subject.enqueue(sampleJob({ group: 'g', dedupeKey: '1' }));
      await subject.enqueue(sampleJob({ group: 'g', dedupeKey: '2' }));
      await subject.enqueue(sampleJob({ group: 'h', dedupeKey: 'h' }));
      await subject.retry((await take(subject))!, 5000);
      assert.deepEqual(await drain(subject), ['h']);
      clock.advance(5000);
      const retried = (await take(subject))!;
      assert.deepEqual([retried.dedupeKey, retried.attempts], ['1', 2]);
    }),
  );

  test(
    `${name}: a buried job is a dead letter with its reason, and can be revived`,
    using(make, async ({ subject, clock }) => {
      const job = sampleJob();
      await subject.enqueue(job);
      await subject.deadLetter((await take(subject))!, 'the reason');
      assert.deepEqual(await subject.dead({ limit: 10 }), {
        items: [{ ...job, attempts: 1, reason: 'the reason', diedAt: clock.now() }],
      });
      assert.equal(await take(subject), undefined);
      assert.equal(await subject.redrive(job.id), true);
      assert.equal(await subject.redrive(job.id), false);
      assert.deepEqual(await subject.dead({ limit: 10 }), { items: [] });
      assert.equal(await subject.forget(job.id), false, 'only dead ones are forgotten');
      assert.equal((await take(subject))?.id, job.id);
    }),
  );

  test(
    `${name}: dead letters are listed page by page`,
    using(make, async ({ subject, clock }) => {
      const jobs = Array.from({ length: 5 }, () => sampleJob());
      for (const job of jobs) {
        clock.advance(1000);
        await subject.enqueue(job);
        await subject.deadLetter((await take(subject))!, 'reason');
      }
      assert.deepEqual(
        (await everyPage((page) => subject.dead(page), 2)).map(({ id }) => id),
        jobs.map(({ id }) => id).toReversed(),
      );
    }),
  );

  test(
    `${name}: dead letters of before a time are forgotten, later ones kept`,
    using(make, async ({ subject, clock }) => {
      const [old, young] = [sampleJob(), sampleJob()];
      for (const job of [old, young]) {
        await subject.enqueue(job);
        await subject.deadLetter((await take(subject))!, 'reason');
        clock.advance(1_000);
      }
      await subject.purgeDeadLetters(clock.now() - 1_500);
      assert.deepEqual(
        (await subject.dead({ limit: 10 })).items.map(({ id }) => id),
        [young.id],
      );
      assert.equal(await subject.redrive(old.id), false);
    }),
  );

  test(
    `${name}: a waiting job can be canceled, a leased one cannot`,
    using(make, async ({ subject }) => {
      await subject.enqueue(sampleJob({ dedupeKey: 'k' }));
      assert.equal(await subject.cancel('k'), true);
      assert.equal(await subject.cancel('k'), false);
      assert.equal(await subject.enqueue(sampleJob({ dedupeKey: 'k' })), true);
      const leased = (await take(subject))!;
      assert.equal(await subject.cancel('k'), false);
      assert.equal(await subject.extend(leased, LEASE), true);
    }),
  );

  test(
    `${name}: a worker that waits wakes when a job comes, when the time is over, and when it is told to stop`,
    using(make, async ({ subject }) => {
      const never = new AbortController().signal;
      const found = async (): Promise<LeasedJob> => {
        for (;;) {
          const job = await take(subject);
          if (job !== undefined) return job;
          await subject.wait(30_000, never);
        }
      };
      const finding = found();
      const job = sampleJob();
      setTimeout(() => void subject.enqueue(job), 20);
      assert.equal((await finding).id, job.id);
      await take(subject);
      await subject.wait(10, never);
      await subject.wait(30_000, AbortSignal.abort());
      await take(subject);
      await subject.wait(30_000, AbortSignal.timeout(20));
    }),
  );

  test(
    `${name}: an enqueue between looking and waiting wakes the worker too`,
    using(make, async ({ subject }) => {
      assert.equal(await take(subject), undefined);
      await subject.enqueue(sampleJob());
      const started = Date.now();
      await subject.wait(30_000, new AbortController().signal);
      assert.ok(Date.now() - started < 15_000);
      assert.ok(await take(subject));
    }),
  );

  test(
    `${name}: jobs, delays and dead letters are there after opening again, and leases can all be ended`,
    using(make, async ({ subject, reopen }) => {
      if (reopen === undefined) return;
      for (const dedupeKey of ['leased', 'delayed', 'dead', 'waiting']) await subject.enqueue(sampleJob({ dedupeKey }));
      await take(subject);
      await subject.retry((await take(subject))!, 60_000);
      await subject.deadLetter((await take(subject))!, 'reason');
      const reopened = await reopen();
      assert.deepEqual(await reopened.depth(), { pending: 2, leased: 1, dead: 1 });
      await reopened.expireAllLeases();
      const first = (await take(reopened))!;
      const second = (await take(reopened))!;
      assert.deepEqual([first.dedupeKey, second.dedupeKey].sort(), ['leased', 'waiting']);
      assert.equal([first, second].find((job) => job.dedupeKey === 'leased')?.attempts, 2);
      assert.equal(await take(reopened), undefined);
    }),
  );
}
