import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newId, type DeploymentId, type ProjectId } from '@anchor/core/names/id.ts';
import { temporaryDirectory } from '@anchor/testing/temporary.ts';
import { LogQuota } from './log-quota.ts';
import { openLogStore } from './log-store.ts';

test('the logs of a project that are too much go, oldest first, and another project keeps its own', async (t) => {
  const directory = await temporaryDirectory();
  t.after(directory.remove);
  const store = openLogStore(directory.path);
  const [chatty, quiet] = [newId('prj', 1), newId('prj', 2)];
  const owners = new Map<DeploymentId, ProjectId>();
  const write = async (projectId: ProjectId, kilobytes: number): Promise<DeploymentId> => {
    const id = newId('dpl', Date.now());
    owners.set(id, projectId);
    await store.append(
      'build',
      id,
      Array.from({ length: kilobytes }, () => ({ at: 1, level: 'info' as const, text: 'x'.repeat(1_000) })),
    );
    await store.append('run', id, [{ at: 1, level: 'info', text: 'started' }]);
    await store.close('build', id);
    return id;
  };
  const retained = await write(quiet, 60);
  const [first, second, third] = [await write(chatty, 60), await write(chatty, 60), await write(chatty, 60)];
  const quota = new LogQuota(directory.path, 150 * 1_024, async (id) => owners.get(id));
  assert.ok((await quota.sweep()) > 60_000);
  const lines = async (id: DeploymentId): Promise<number> => (await store.read('build', id, {})).length;
  assert.deepEqual(
    [await lines(first), await lines(second), await lines(third), await lines(retained)],
    [1, 60, 60, 60],
  );
  assert.match((await store.read('build', first, {}))[0]?.text ?? '', /took more than \d+ MB/);
  assert.equal((await store.read('run', first, {}))[0]?.text, 'started');
  assert.match(
    (await store.read('build', first, { after: 60 }))[0]?.text ?? '',
    /took more than/,
    'after 60 lines a reader gets a notice',
  );
  assert.equal(await quota.sweep(), 0);
});
