import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '@anchor/core/ports/clock.ts';
import { ok } from '@anchor/core/result/result.ts';
import type { InstancePlan, InstanceSandbox } from './instance-sandbox.ts';
import { LogWriters } from './log-writers.ts';
import type { ProjectDisks } from './project-disks.ts';
import { DEFAULT_HOST_SETTINGS } from './settings.ts';
import { startInstance, type InstancePorts } from './start-instance.ts';

test('a sandbox in which no process can be spawned is removed', async () => {
  let removed = 0;
  const spawn = (): never => {
    throw new Error('spawn ENOMEM');
  };
  const claimed = { sandbox: { spawn }, remove: async () => void removed++ } as unknown as InstanceSandbox;
  const ports: InstancePorts = {
    warmSandboxes: { claim: async () => ok(claimed) } as unknown as InstancePorts['warmSandboxes'],
    writers: new LogWriters({ append: async () => undefined }, systemClock),
    settings: DEFAULT_HOST_SETTINGS,
    disks: {} as ProjectDisks,
  };
  const started = await startInstance({} as InstancePlan, ports, new AbortController().signal);
  assert.equal(started.ok ? '' : started.error.cause, 'spawn ENOMEM');
  assert.equal(removed, 1);
});
