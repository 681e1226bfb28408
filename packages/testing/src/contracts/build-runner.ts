import assert from 'node:assert/strict';
import { test } from 'node:test';
import { manifestSchema, blobsOf, functionsOf } from '@anchor/core/artifact/manifest.ts';
import { treeSchema } from '@anchor/core/artifact/tree.ts';
import { STEP_NAMES, type StepName } from '@anchor/core/deployments/deployment.ts';
import type { BlobStore } from '@anchor/core/ports/blob-store.ts';
import type { BuildRequest, BuildRunner } from '@anchor/core/ports/build-runner.ts';
import { using, type Harness } from '../harness.ts';

/** `request` makes a request for a small site that builds; `blobs` is where its artifact goes. */
export type BuildRunnerHarness = Harness<BuildRunner> &
  Readonly<{ blobs: BlobStore; request: () => Promise<BuildRequest> }>;

const never = new AbortController().signal;
const silent = { output: () => {}, step: () => {} };

export function buildRunnerContract(name: string, make: () => Promise<BuildRunnerHarness>): void {
  test(
    `${name}: a build ends with a manifest whose blobs are all stored`,
    using(make, async ({ subject, blobs, request }) => {
      const result = await subject.run(await request(), silent, never);
      assert.ok(result.ok, JSON.stringify(result));
      const json = async (hash: string): Promise<unknown> =>
        JSON.parse(new TextDecoder().decode((await blobs.get(hash))!));
      const manifest = manifestSchema.parse(await json(result.value.artifact));
      for (const hash of blobsOf(manifest)) assert.ok(await blobs.has(hash), hash);
      for (const { tree } of functionsOf(manifest))
        for (const entry of treeSchema.parse(await json(tree)).entries)
          if ('blob' in entry) assert.ok(await blobs.has(entry.blob), entry.path);
    }),
  );

  test(
    `${name}: steps are told in their order, each once`,
    using(make, async ({ subject, request }) => {
      const steps: StepName[] = [];
      await subject.run(await request(), { output: () => {}, step: (step) => steps.push(step) }, never);
      assert.deepEqual(
        steps,
        [...new Set(steps)].sort((a, b) => STEP_NAMES.indexOf(a) - STEP_NAMES.indexOf(b)),
      );
      assert.ok(steps.length > 0);
    }),
  );

  test(
    `${name}: a build that is canceled before it starts returns "canceled"`,
    using(make, async ({ subject, request }) => {
      const result = await subject.run(await request(), silent, AbortSignal.abort());
      assert.ok(!result.ok);
      assert.equal(result.error.code, 'canceled');
    }),
  );

  test(
    `${name}: a duplicate request gives the same artifact`,
    using(make, async ({ subject, request }) => {
      const wanted = await request();
      const [first, second] = [await subject.run(wanted, silent, never), await subject.run(wanted, silent, never)];
      assert.ok(first.ok && second.ok);
      assert.equal(second.value.artifact, first.value.artifact);
    }),
  );
}
