import assert from 'node:assert/strict';
import { test } from 'node:test';
import { manifestSchema, treeSchema, type Body } from '@anchor/core/artifact/manifest.ts';
import { STEP_NAMES, type StepName } from '@anchor/core/deployments/deployment.ts';
import type { BlobStore } from '@anchor/core/ports/blob-store.ts';
import type { BuildRequest, BuildRunner } from '@anchor/core/ports/build-runner.ts';
import { using, type Harness } from '../harness.ts';

/** `request` makes a request for a small site that builds; `blobs` is where its artifact goes. */
export type BuildRunnerHarness = Harness<BuildRunner> & Readonly<{ blobs: BlobStore; request: () => Promise<BuildRequest> }>;

const never = new AbortController().signal;
const silent = { output: () => {}, step: () => {} };

export function buildRunnerContract(name: string, make: () => Promise<BuildRunnerHarness>): void {
  test(`${name}: a build ends with a manifest whose blobs are all stored`, using(make, async ({ subject, blobs, request }) => {
    const result = await subject.run(await request(), silent, never);
    assert.ok(result.ok, JSON.stringify(result));
    const json = async (hash: string): Promise<unknown> => JSON.parse(new TextDecoder().decode((await blobs.get(hash))!));
    const manifest = manifestSchema.parse(await json(result.value.artifact));
    for (const component of Object.values(manifest.components)) {
      const bodies: Body[] = [...Object.values(component.files), ...Object.values(component.prerenders)];
      for (const body of bodies) for (const variant of [body, body.br, body.gzip]) if (variant !== undefined) assert.ok(await blobs.has(variant.blob));
      if (component.function === undefined) continue;
      for (const entry of treeSchema.parse(await json(component.function.tree)).entries) if ('blob' in entry) assert.ok(await blobs.has(entry.blob), entry.path);
    }
  }));

  test(`${name}: steps are told in their order, each once`, using(make, async ({ subject, request }) => {
    const steps: StepName[] = [];
    await subject.run(await request(), { output: () => {}, step: (step) => steps.push(step) }, never);
    assert.deepEqual(steps, [...new Set(steps)].sort((a, b) => STEP_NAMES.indexOf(a) - STEP_NAMES.indexOf(b)));
    assert.ok(steps.length > 0);
  }));

  test(`${name}: a build that is canceled before it starts answers "canceled"`, using(make, async ({ subject, request }) => {
    const result = await subject.run(await request(), silent, AbortSignal.abort());
    assert.ok(!result.ok);
    assert.equal(result.error.code, 'canceled');
  }));

  test(`${name}: the same request twice gives the same artifact`, using(make, async ({ subject, request }) => {
    const asked = await request();
    const [first, second] = [await subject.run(asked, silent, never), await subject.run(asked, silent, never)];
    assert.ok(first.ok && second.ok);
    assert.equal(second.value.artifact, first.value.artifact);
  }));
}
