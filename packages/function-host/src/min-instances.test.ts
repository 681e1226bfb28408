import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newId, type DeploymentId } from '@anchor/core/names/id.ts';
import { MinInstances } from './min-instances.ts';

test('the deployments that serve production are kept running, also after a promotion and until the setting is reverted', async () => {
  const projects = [
    { id: newId('prj', 1), functions: { minInstances: 2, memoryMb: 512 } },
    { id: newId('prj', 2), functions: { memoryMb: 512 } },
  ];
  const [first, second] = [newId('dpl', 1), newId('dpl', 2)];
  const live = { deployment: first };
  const minimums = new Map<DeploymentId, number>();
  const running = new MinInstances({
    projects: { list: async () => ({ items: projects as never }) },
    aliases: {
      listByProject: async () =>
        [
          { kind: 'branch', target: 'main', deploymentId: second },
          { kind: 'environment', target: 'production', deploymentId: live.deployment },
        ] as never,
    },
    pool: { keep: (id, count) => void minimums.set(id, count) },
    settings: { memoryMb: 2_048, maxInstances: 64 },
  });
  await running.look();
  assert.deepEqual([...minimums], [[first, 2]]);
  live.deployment = second;
  await running.look();
  assert.deepEqual(
    [...minimums],
    [
      [first, 0],
      [second, 2],
    ],
  );
  projects[0]!.functions = { minInstances: 0, memoryMb: 512 };
  await running.look();
  assert.deepEqual(
    [...minimums],
    [
      [first, 0],
      [second, 0],
    ],
  );
});

test('what is kept for good fits into half of the memory and instances of all; the first to be kept stays', async () => {
  const minimums = new Map<DeploymentId, boolean>();
  const projects = [1, 2, 3].map((n) => ({
    id: newId('prj', n),
    deployment: newId('dpl', n),
    functions: { minInstances: 1, memoryMb: 1_024 },
  }));
  let listed = projects.slice(0, 2);
  const settings = { memoryMb: 4_096, maxInstances: 64 };
  const running = new MinInstances({
    projects: { list: async () => ({ items: listed as never }) },
    aliases: {
      listByProject: async (id) =>
        [
          {
            kind: 'environment',
            target: 'production',
            deploymentId: projects.find((project) => project.id === id)?.deployment,
          },
        ] as never,
    },
    pool: { keep: (id, _, firm) => void minimums.set(id, firm === true) },
    settings,
  });
  const firm = async (): Promise<readonly boolean[]> => {
    await running.look();
    return projects
      .filter(({ deployment }) => minimums.has(deployment))
      .map(({ deployment }) => minimums.get(deployment) === true);
  };
  assert.deepEqual(await firm(), [true, true]);
  listed = projects.toReversed();
  assert.deepEqual(await firm(), [true, true, false]);
  settings.maxInstances = 2;
  assert.equal((await firm()).filter(Boolean).length, 1);
});
