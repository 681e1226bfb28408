import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BlobStore } from '@anchor/core/ports/blob-store.ts';
import type { CleanUpReport, PlatformOperations } from '@anchor/core/ports/platform-operations.ts';
import { using, type Harness } from '../harness.ts';
import { must, sampleProject } from '../samples.ts';

/**
 * An installation with one project. `garbage` stores a blob that nothing needs and that is old enough to be removed.
 */
export type PlatformOperationsHarness = Harness<PlatformOperations> &
  Readonly<{
    blobs: Pick<BlobStore, 'list'>;
    garbage(): Promise<string>;
    /** Returns how often a restore restarted the installation. */
    restarts(): number;
  }>;

const DRY = { dryRun: true, caches: false } as const;
const REAL = { dryRun: false, caches: false } as const;
const removed = ({ artifacts, records, deliveries, blobs, bytes }: CleanUpReport): object => ({
  artifacts,
  records,
  deliveries,
  blobs,
  bytes,
});

async function* one(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes;
}

async function bytesOf(content: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of content) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Returns whether a blob is listed; `has` would count as a use of it. */
async function lists(blobs: Pick<BlobStore, 'list'>, wanted: string): Promise<boolean> {
  for await (const { hash } of blobs.list()) if (hash === wanted) return true;
  return false;
}

export function platformOperationsContract(name: string, make: () => Promise<PlatformOperationsHarness>): void {
  test(
    `${name}: a dry run removes nothing and reports what clean-up then removes`,
    using(make, async ({ subject, blobs, garbage }) => {
      const hash = await garbage();
      const planned = must(await subject.gc(DRY));
      assert.equal(planned.blobs, 1);
      assert.equal(await lists(blobs, hash), true);
      assert.deepEqual(removed(must(await subject.gc(REAL))), removed(planned));
      assert.equal(await lists(blobs, hash), false);
      assert.equal(must(await subject.gc(REAL)).blobs, 0, 'a second clean-up finds nothing');
    }),
  );

  test(
    `${name}: operations at the same time are done or refused with conflict, and the next one runs`,
    using(make, async ({ subject, garbage }) => {
      await garbage();
      const results = await Promise.all([
        subject.gc(REAL),
        subject.gc(DRY),
        subject.backup(new AbortController().signal),
      ]);
      assert.ok(results.some(({ ok }) => ok));
      for (const result of results) if (!result.ok) assert.equal(result.error.code, 'conflict');
      const backup = results[2];
      if (backup.ok) await bytesOf(backup.value);
      must(await subject.gc(REAL));
    }),
  );

  test(
    `${name}: what a backup holds is what its restore reports, and it restarts the installation`,
    using(make, async ({ subject, restarts }) => {
      if (subject.restore === undefined) return;
      const backup = await bytesOf(must(await subject.backup(new AbortController().signal)));
      const restored = must(await subject.restore(one(backup)));
      assert.deepEqual([restored.projects, restored.deployments], [1, 0]);
      assert.equal(restarts(), 1);
    }),
  );

  test(
    `${name}: a file that is not a whole backup is refused and restarts nothing`,
    using(make, async ({ subject, restarts }) => {
      if (subject.restore === undefined) return;
      const backup = await bytesOf(must(await subject.backup(new AbortController().signal)));
      for (const bytes of [
        Buffer.from('no backup'),
        backup.subarray(0, Math.floor(backup.length / 2)),
        Buffer.alloc(0),
      ]) {
        const refused = await subject.restore(one(bytes));
        assert.ok(!refused.ok && refused.error.fix !== '', `${bytes.length} bytes`);
      }
      assert.equal(restarts(), 0);
      must(await subject.gc(REAL));
    }),
  );

  test(
    `${name}: checks have names of their own, and each that fails names a fix`,
    using(make, async ({ subject }) => {
      const checks = await subject.checks();
      assert.equal(new Set(checks.map((check) => check.name)).size, checks.length);
      for (const { name: check, ok, fix } of checks) assert.ok(ok || (fix !== undefined && fix !== ''), check);
    }),
  );

  test(
    `${name}: metrics are named as Prometheus wants them, and no two samples of one are the same`,
    using(make, async ({ subject }) => {
      for (const { name: metric, type, help, samples } of await subject.metrics()) {
        assert.match(metric, /^anchor_[a-z0-9_]+$/);
        assert.equal(metric.endsWith('_total'), type === 'counter', metric);
        assert.notEqual(help, '', metric);
        const labels = samples.map((sample) => JSON.stringify(sample.labels));
        assert.equal(new Set(labels).size, labels.length, metric);
      }
    }),
  );

  test(
    `${name}: free space is part of the whole`,
    using(make, async ({ subject }) => {
      const { freeBytes, totalBytes } = await subject.disk();
      assert.ok(freeBytes >= 0 && freeBytes <= totalBytes && totalBytes > 0);
    }),
  );

  test(
    `${name}: removing a project's caches is safe to repeat, also when there are none`,
    using(make, async ({ subject }) => {
      const { id } = sampleProject();
      await subject.projectRemoved?.(id);
      await subject.projectRemoved?.(id);
    }),
  );
}
