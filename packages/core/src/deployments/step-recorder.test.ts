import assert from 'node:assert/strict';
import { test } from 'node:test';
import { manualClock } from '@anchor/testing/clock.ts';
import { deploymentStore } from '@anchor/testing/memory/deployments.ts';
import { sampleDeployment } from '@anchor/testing/samples.ts';
import { createStepRecorder } from './step-recorder.ts';

test('a step that ended well is ticked, and the one that failed is not', async () => {
  const clock = manualClock();
  const deployments = deploymentStore();
  const deployment = sampleDeployment();
  await deployments.insert(deployment);
  const lines: string[] = [];
  const log = { note: (text: string) => void lines.push(text) };
  const steps = createStepRecorder({ deployments, clock }, deployment.id, log);
  await steps.next('install');
  clock.advance(1_200);
  await steps.next('build');
  clock.advance(3_000);
  await steps.fail();
  assert.deepEqual(lines, ['▸ install', '✓ install 1.2 s', '▸ build', '✗ build 3.0 s']);
  const stored = await deployments.get(deployment.id);
  assert.deepEqual(
    stored?.steps.map(({ name, endedAt, startedAt }) => [name, (endedAt ?? 0) - startedAt]),
    [
      ['install', 1_200],
      ['build', 3_000],
    ],
  );
});
