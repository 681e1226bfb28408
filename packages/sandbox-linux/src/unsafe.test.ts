import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { inSandbox, runIn } from '@anchor/testing/contracts/sandboxes.ts';
import { UnsafeSandboxes } from './unsafe.ts';

test('without isolation a program still sees only the files that it was given, at the same places', async (t) => {
  const data = await mkdtemp(join(tmpdir(), 'anchor-test-'));
  t.after(() => rm(data, { recursive: true, force: true }));
  const sandboxes = new UnsafeSandboxes({ data });
  assert.deepEqual(await sandboxes.available(), { ok: true, value: undefined });
  const disk = await sandboxes.openDisk({ name: 'one', identity: 'prj_one', sizeMb: 8 });
  assert.ok(disk.ok);
  for (const part of ['lower', 'upper', 'work']) await mkdir(join(data, part));
  await writeFile(join(data, 'lower/file'), 'below');
  await inSandbox(
    sandboxes,
    {
      mounts: [
        { kind: 'write', from: disk.value.path, to: '/disk' },
        { kind: 'overlay', lower: join(data, 'lower'), upper: join(data, 'upper'), work: join(data, 'work'), to: '/o' },
      ],
    },
    async (sandbox) => {
      const { out, exit } = await runIn(
        sandbox,
        [
          '/bin/sh',
          '-c',
          'cat /o/file; echo changed > /o/file; echo made > /disk/file; ls /root /home /var 2>/dev/null',
        ],
        { cwd: '/disk' },
      );
      assert.equal(out, 'below');
      assert.notEqual(exit.code, 0);
      const deaf = sandbox.spawn({ argv: ['/bin/sleep', '600'], env: {}, cwd: '/' });
      await sandbox.destroy();
      assert.deepEqual(await deaf.exited, { code: null, signal: 'SIGKILL' });
    },
  );
  assert.equal(await readFile(join(disk.value.path, 'file'), 'utf8'), 'made\n');
  assert.equal(await readFile(join(data, 'lower/file'), 'utf8'), 'below');
  assert.deepEqual(await disk.value.free().then(({ full }) => full), false);
});
