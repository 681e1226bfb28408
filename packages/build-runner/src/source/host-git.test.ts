import assert from 'node:assert/strict';
import { chown, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { FIRST_UID } from '@anchor/sandbox-linux/identity.ts';
import { seccompFilter } from '@anchor/sandbox-linux/seccomp.ts';
import { temporaryDirectory } from '@anchor/testing/temporary.ts';
import { runHostGit } from './host-git.ts';

const OWNER = { uid: FIRST_UID + 7, gid: FIRST_UID + 7 };
const skip = process.getuid?.() === 0 ? false : 'needs root';

/** Returns a function that runs a script of the shell where git would run. */
async function beside(t: TestContext) {
  const directory = await temporaryDirectory();
  t.after(directory.remove);
  const [work, secret, filter] = ['work', 'secret', 'filter'].map((name) => join(directory.path, name)) as [
    string,
    string,
    string,
  ];
  await mkdir(work, { mode: 0o700 });
  await chown(work, OWNER.uid, OWNER.gid);
  await writeFile(secret, 'secret');
  await writeFile(filter, seccompFilter(process.arch) ?? new Uint8Array());
  const call = {
    env: { PATH: '/usr/local/bin:/usr/bin:/bin' },
    argv: (...args: readonly string[]) => ['sh', '-c', ...args],
  };
  const access = { owner: OWNER, write: [work] as const, read: [], temporary: join(directory.path, 'own'), filter };
  const run = (script: string) => runHostGit(call, [script], access, new AbortController().signal);
  return { run, work, secret };
}

test('git beside the sandbox runs as the user of its project, with its own directory only', { skip }, async (t) => {
  const { run, work, secret } = await beside(t);
  const { stdout } = await run('id -u; id -g; id -G; id -un; pwd; echo x > file && cat file');
  assert.deepEqual(stdout.trim().split('\n'), [...Array(3).fill(String(OWNER.uid)), 'project', work, 'x']);
  for (const script of [`cat ${secret}`, 'cat /etc/shadow', 'ls /root', 'echo x > /usr/x', 'echo x > /etc/passwd'])
    assert.notEqual((await run(script)).code, 0, script);
});

test('git beside the sandbox has no capability, no namespaces and no other process', { skip }, async (t) => {
  const { run } = await beside(t);
  const { stdout } = await run('grep -E "^(CapEff|CapPrm|NoNewPrivs|Seccomp):" /proc/self/status');
  const values = Object.fromEntries(
    stdout
      .trim()
      .split('\n')
      .map((line) => line.split(/:\s*/)),
  );
  assert.deepEqual(values, {
    CapPrm: '0000000000000000',
    CapEff: '0000000000000000',
    NoNewPrivs: '1',
    Seccomp: '2',
  });
  for (const script of [`kill -0 ${process.pid}`, 'unshare -U true', 'mount -t tmpfs x /mnt', 'mount -t tmpfs x /proc'])
    assert.notEqual((await run(script)).code, 0, script);
});
