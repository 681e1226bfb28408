import assert from 'node:assert/strict';
import { readdir, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { createProject } from '@anchor/core/projects/projects.ts';
import { DEFAULT_RETENTION } from '@anchor/core/retention/retention-settings.ts';
import { platformOperationsContract } from '@anchor/testing/contracts/platform-operations.ts';
import { must } from '@anchor/testing/samples.ts';
import { temporaryDirectory } from '@anchor/testing/temporary.ts';
import { LocalOperations } from './local-operations.ts';
import { composeLocal } from './compose.ts';
import { openSandboxes } from './sandboxes.ts';
import { settingsSchema } from './settings.ts';

/** A one-machine installation of which only the control plane's ports are open: no edge and no function host run. */
async function openInstallation() {
  const directory = await temporaryDirectory();
  const settings = settingsSchema.parse({
    data: join(directory.path, 'data'),
    unsafeNoSandbox: true,
    apiPort: 0,
    edgePort: 1,
  });
  const sandboxes = openSandboxes(settings);
  const opened = await composeLocal(settings, sandboxes, {}, () => undefined);
  must(await createProject(opened.ports)('shop', {}));
  let restarts = 0;
  return {
    subject: new LocalOperations({
      opened,
      sandboxes,
      settings,
      records: {},
      checkBlobs: async () => undefined,
      restart: () => {
        restarts += 1;
      },
    }),
    opened,
    blobs: opened.blobs,
    restarts: () => restarts,
    async garbage() {
      const hash = await opened.blobs.put(Buffer.from('unused'));
      const old = new Date(Date.now() - DEFAULT_RETENTION.graceMs - 60_000);
      await utimes(opened.blobs.pathOf(hash), old, old);
      return hash;
    },
    async end() {
      await opened.builder.idle();
      await opened.domains.close();
      opened.close();
      await sandboxes.close();
      await directory.remove();
    },
  };
}

platformOperationsContract('operations of one machine', openInstallation);

test('a backup that is never read leaves no file behind', async (t) => {
  const { subject, opened, end } = await openInstallation();
  t.after(end);
  const reading = new AbortController();
  must(await subject.backup(reading.signal));
  reading.abort();
  assert.deepEqual(await readdir(opened.paths.temporary), []);
});

test('the checks name the processes that do not run, and the fix', async (t) => {
  const { subject, end } = await openInstallation();
  t.after(end);
  const failed = (await subject.checks()).filter(({ ok }) => !ok).map(({ name }) => name);
  assert.deepEqual(failed, ['sandbox', 'functions', 'edge']);
});
