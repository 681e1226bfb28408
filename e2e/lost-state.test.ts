import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import {
  chmod,
  copyFile,
  mkdir,
  mkdtemp,
  open,
  readFile,
  readdir,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { createProject } from './helpers.ts';
import { eventually, plain, startPlatform, type Platform } from './platform.ts';
import { createRepository, staticSite } from './repository.ts';

/** A lost or damaged database, key or blob: the sites stay up, and the recovery is printed. */
let platform: Platform;
let backup: string;
let scratch: string;
const UP = fileURLToPath(new URL('../apps/local/src/up.ts', import.meta.url));

before(
  async () => {
    scratch = await mkdtemp(join(tmpdir(), 'anchor-test-lost-'));
    backup = join(scratch, 'all.backup');
    platform = await startPlatform({ keepData: true });
    const repository = await createRepository();
    await createProject(platform, 'shop');
    await repository.commit(staticSite('the shop'));
    assert.equal((await repository.push(platform, 'shop')).code, 0);
    await repository.remove();
    const response = await fetch(`${platform.apiUrl}/api/backup`, {
      method: 'POST',
      headers: { authorization: `Bearer ${platform.token}` },
    });
    await writeFile(backup, Buffer.from(await response.arrayBuffer()));
    await platform.stop();
  },
  { timeout: 120_000 },
);
after(async () => {
  await rm(platform.data, { recursive: true, force: true });
  await rm(scratch, { recursive: true, force: true });
});

/** `./up`, whether it becomes ready or not. */
function up(...flags: string[]) {
  const child = spawn(
    process.execPath,
    [
      '--disable-warning=ExperimentalWarning',
      UP,
      '--data',
      platform.data,
      '--api-port',
      String(platform.apiPort),
      '--edge-port',
      String(platform.edgePort),
      '--no-demo',
      ...flags,
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  const ended = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
  return {
    output: () => output,
    ended,
    async stop(): Promise<void> {
      child.kill('SIGTERM');
      await ended;
    },
    says: (pattern: RegExp, ms = 30_000) =>
      eventually(
        () => pattern.test(output),
        ms,
        () => `it does not say ${String(pattern)}:\n${output}`,
      ),
  };
}
const site = async (): Promise<string> => (await plain(platform.edgePort, 'shop.localhost', '/')).body;
const served = (run: ReturnType<typeof up>) =>
  eventually(
    async () => (await site()).includes('the shop'),
    20_000,
    () => `the site is not served:\n${run.output()}`,
  );
/** Changes one bit of the site's page. */
async function damagePage(): Promise<void> {
  for (const entry of await readdir(join(platform.data, 'blobs'), { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const content = entry.isFile() ? await readFile(path) : Buffer.alloc(0);
    if (!content.includes('the shop')) continue;
    content[content.indexOf('the shop')] = 'T'.charCodeAt(0);
    await chmod(path, 0o644);
    return writeFile(path, content);
  }
  assert.fail('there is no such blob');
}
const database = (): string => join(platform.data, 'anchor.db');

test(
  'a lost, an empty and a damaged database and a lost key are refused with the way out, while the site is served',
  { timeout: 240_000 },
  async (t) => {
    const keep = join(scratch, 'keep');
    await mkdir(keep);
    for (const name of ['anchor.db', 'key']) await copyFile(join(platform.data, name), join(keep, name));
    const cases: readonly (readonly [change: () => Promise<void>, message: RegExp])[] = [
      [() => rm(database()), /anchor\.db is missing.*--restore FILE/],
      [() => writeFile(database(), ''), /anchor\.db is empty.*--restore FILE/],
      [
        async () => {
          const handle = await open(database(), 'r+');
          for (let page = 2; page < (await handle.stat()).size / 4_096; page += 2)
            await handle.write(randomBytes(4_096), 0, 4_096, page * 4_096);
          await handle.close();
        },
        /damaged.*--restore FILE/,
      ],
      [() => rm(join(platform.data, 'key')), /master key .* is missing.*--restore FILE/],
    ];
    for (const [change, message] of cases) {
      await change();
      const run = up();
      t.after(() => run.stop());
      await served(run);
      await run.says(message);
      // It is printed once, and not in a loop with a stack.
      assert.doesNotMatch(run.output(), /\n\s+at /);
      await run.stop();
      for (const name of ['anchor.db-wal', 'anchor.db-shm']) await rm(join(platform.data, name), { force: true });
      for (const name of ['anchor.db', 'key']) await copyFile(join(keep, name), join(platform.data, name));
      await chmod(join(platform.data, 'key'), 0o600);
    }
    const whole = up('--new');
    assert.equal(await whole.ended, 1);
    assert.match(whole.output(), /A complete platform is in/);
  },
);

test(
  './up --restore brings a platform back that does not start, a damaged blob blocks nothing there, and --new starts without it',
  { timeout: 180_000 },
  async (t) => {
    await rename(database(), `${database()}.lost`);
    const refused = up('--restore', join(scratch, 'nothing'));
    assert.equal(await refused.ended, 1);
    assert.match(refused.output(), /There is no file/);
    const restored = up('--restore', backup);
    t.after(() => restored.stop());
    await restored.says(/the backup is restored: 1 projects/);
    await restored.says(/platform ready/, 60_000);
    await served(restored);
    assert.equal((await stat(database())).mode & 0o777, 0o600);
    await restored.stop();
    assert.equal((await readdir(platform.data)).filter((name) => name.startsWith('before-restore-')).length, 1);

    const secondRun = up();
    t.after(() => secondRun.stop());
    await secondRun.says(/platform ready/, 60_000);
    await damagePage();
    const token = (await readFile(join(platform.data, 'admin-token'), 'utf8')).trim();
    const api = async (method: string, path: string) =>
      fetch(`${platform.apiUrl}${path}`, {
        method,
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        ...(method === 'POST' ? { body: '{}' } : {}),
      });
    const backedUp = await api('POST', '/api/backup');
    assert.equal(backedUp.status, 200, secondRun.output());
    assert.ok((await backedUp.arrayBuffer()).byteLength > 1_000);
    assert.equal((await api('POST', '/api/gc')).status, 200);
    const status = (await (await api('GET', '/api/status')).json()) as {
      ok: boolean;
      checks: { name: string; ok: boolean }[];
    };
    assert.equal(status.ok, false);
    assert.equal(status.checks.find(({ name }) => name === 'records')?.ok, false);
    await secondRun.stop();

    await rm(database());
    const restarted = up('--new');
    t.after(() => restarted.stop());
    await restarted.says(/started empty; the earlier state is in .*before-new-/);
    await restarted.says(/platform ready/, 60_000);
    assert.equal((await plain(platform.edgePort, 'shop.localhost', '/')).status, 404);
    await restarted.stop();
  },
);
