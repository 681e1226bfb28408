import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startDemo } from '@anchor/testing/deployments.ts';
import { functionSchema, type FunctionEntry } from '@anchor/protocol/artifact/web/function.ts';
import { volumesSchema } from '@anchor/protocol/artifact/volumes.ts';
import { refuseVolumes } from './volumes.ts';

const entry: FunctionEntry = {
  kind: 'server',
  tree: '0'.repeat(64),
  cwd: '',
  argv: ['node', 'server.js'],
  node: '24.0.0',
};

test('volumes of version 1 are parsed; paths that leave their place, and names that are none, are not', () => {
  const volumes = { version: 1, mounts: [{ name: 'data', path: '/var/data', sizeMb: 1024 }] };
  assert.deepEqual(functionSchema.parse({ ...entry, volumes }).volumes, volumes);
  for (const mount of [
    { name: 'data', path: 'data' },
    { name: 'data', path: '/var/../etc' },
    { name: 'data', path: '/var/./x' },
    { name: 'data', path: '/' },
    { name: '../x', path: '/data' },
    { name: 'data', path: '/data', sizeMb: 0 },
  ]) {
    assert.equal(volumesSchema.safeParse({ version: 1, mounts: [mount] }).success, false, JSON.stringify(mount));
  }
  assert.equal(volumesSchema.safeParse({ mounts: [] }).success, false, 'without a version');
});

test('an artifact without volumes, or with an empty list, has none; those of later versions are always refused', () => {
  assert.ok(refuseVolumes(undefined).ok);
  assert.ok(refuseVolumes(volumesSchema.parse({ version: 1, mounts: [] })).ok);
  for (const mounts of [[], [null], {}]) {
    const refused = refuseVolumes(volumesSchema.parse({ version: 2, mounts }));
    assert.ok(!refused.ok && refused.error.code === 'unsupported', JSON.stringify(mounts));
  }
  const later = refuseVolumes(volumesSchema.parse({ version: 2, disks: ['data'] }));
  assert.ok(
    !later.ok &&
      later.error.code === 'unsupported' &&
      later.error.cause === 'The deployment describes volumes of version 2',
  );
});

test('a deployment with a volume fails before it has an address, and what was live stays', async () => {
  const { home, push, build, live } = await startDemo();
  const first = await push(1);
  assert.equal(await build(first), 'success');
  home.builds.functionEntry = { ...entry, volumes: { version: 1, mounts: [{ name: 'data', path: '/data' }] } };
  const second = await push(2);
  assert.equal(await build(second), 'failed');
  const failed = await home.deployments.get(second);
  assert.equal(failed?.error?.code, 'unsupported');
  assert.equal(failed?.error?.message, 'Volumes are not supported yet');
  assert.equal(failed?.error?.cause, 'The deployment has a volume at /data');
  assert.equal(await live(failed?.host), undefined);
  assert.equal(await live(), first);
});
