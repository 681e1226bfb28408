import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { eventually, startPlatform, type Platform } from './platform.ts';

/** The command line as a user runs it, against a whole platform: real processes, git, builds, functions. */
let platform: Platform;
let home: string;
let site: string;

type Ran = Readonly<{ code: number; stdout: string; stderr: string }>;
const MAIN = fileURLToPath(new URL('../packages/cli/src/main.ts', import.meta.url));
const environment = (): Record<string, string> => ({
  PATH: process.env['PATH'] ?? '/usr/bin:/bin',
  HOME: home,
  NO_COLOR: '1',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_TERMINAL_PROMPT: '0',
});
const run = (command: string, args: readonly string[], input?: string): Promise<Ran> =>
  new Promise((resolve) => {
    const child = execFile(
      command,
      args,
      { cwd: site, env: environment(), maxBuffer: 64 * 1024 * 1024 },
      (error, stdout, stderr) => resolve({ code: error === null ? 0 : Number(error.code ?? 1), stdout, stderr }),
    );
    child.stdin?.end(input);
  });
const anchor = (args: readonly string[], input?: string): Promise<Ran> => run(process.execPath, [MAIN, ...args], input);
const json = async <T>(args: readonly string[]): Promise<T> => {
  const ran = await anchor([...args, '--json']);
  assert.equal(ran.code, 0, ran.stderr);
  return JSON.parse(ran.stdout) as T;
};
const page = async (host = 'shop.localhost'): Promise<string> => (await platform.request(host)).body;
const server = (word: string): string => `
import { createServer } from 'node:http';
createServer((request, response) => { console.log('got ' + request.url); response.end('${word} ' + process.env.SECRET_WORD); }).listen(process.env.PORT);
`;
const write = (word: string): Promise<void> => writeFile(join(site, 'server.mjs'), server(word));

before(async () => {
  platform = await startPlatform();
  home = await mkdtemp(join(tmpdir(), 'anchor-test-home-'));
  site = join(home, 'shop');
  await mkdir(site);
  await writeFile(
    join(site, 'package.json'),
    JSON.stringify({ name: 'shop', type: 'module', scripts: { start: 'node server.mjs' } }),
  );
  await write('first');
  const login = await anchor(['login', platform.apiUrl, '--token-file', join(platform.data, 'admin-token')]);
  assert.equal(login.code, 0, login.stderr);
});
after(async () => {
  await platform?.stop();
  if (home !== undefined) await rm(home, { recursive: true, force: true });
});

test('a folder without git is created, given a secret with every character, and deployed with the build shown', async () => {
  assert.equal((await anchor(['init'])).code, 0);
  assert.equal((await anchor(['env', 'set', 'SECRET_WORD'], `it's #1 "$HOME" !\\\n`)).code, 0);
  const deployed = await anchor(['deploy']);
  assert.equal(deployed.code, 0, deployed.stderr);
  assert.match(deployed.stderr, /✓ build/);
  assert.match(deployed.stdout, /✓ Deployed in [\d.]+ s\nhttp:\/\/shop\.localhost/);
  assert.equal(await page(), `first it's #1 "$HOME" !\\`);
});

test('git push anchor needs no password, shows the build, and is live', async () => {
  for (const args of [
    ['init', '--quiet', '--initial-branch=main'],
    ['config', 'user.name', 'Test'],
    ['config', 'user.email', 'test@example.com'],
    ['add', '--all'],
    ['commit', '--quiet', '--message', 'First'],
  ])
    assert.equal((await run('git', args)).code, 0);
  assert.equal((await anchor(['link', 'shop'])).code, 0);
  await write('second');
  assert.equal((await run('git', ['commit', '--quiet', '--all', '--message', 'Second'])).code, 0);
  const pushed = await run('git', ['push', 'anchor', 'main']);
  assert.equal(pushed.code, 0, pushed.stderr);
  assert.match(pushed.stderr, /remote: Live at http:\/\/shop\.localhost/);
  assert.match(await page(), /^second /);
});

test('a rollback is live at once and holds, until it is undone', async () => {
  const listed = await json<{ items: { id: string; status: string; liveAt: string[] }[] }>(['deployments', 'list']);
  const [second, first] = listed.items;
  assert.equal((await anchor(['rollback'])).code, 0);
  assert.match(await page(), /^first /);
  await write('third');
  const held = await anchor(['deploy', '--json']);
  assert.equal(held.code, 0, held.stderr);
  assert.match((JSON.parse(held.stdout) as { notPromoted: string }).notPromoted, /rolled back/);
  assert.match(await page(), /^first /);
  assert.equal((await anchor(['rollback', '--undo'])).code, 0);
  assert.equal((await anchor(['promote', second!.id.slice(-9)])).code, 0);
  assert.match(await page(), /^second /);
  assert.equal((await json<{ id: string }>(['inspect', first!.id])).id, first!.id);
});

test('a delivery is listed and acted on again; a waiting deployment is canceled', async () => {
  const { items } = await json<{ items: { id: string; state: string; event: string; deploymentIds: string[] }[] }>([
    'deliveries',
    'list',
  ]);
  const delivery = items.find(({ deploymentIds }) => deploymentIds.length > 0)!;
  assert.match((await anchor(['deliveries', 'list'])).stdout, new RegExp(`${delivery.id} +git +push +accepted`));
  // Long enough to be canceled by a command that is a process of its own.
  assert.equal(
    (await platform.api('PATCH', '/api/projects/shop', { build: { buildCommand: 'sleep 60' } })).status,
    200,
  );
  const {
    deploymentIds: [replayed],
  } = await json<{ deploymentIds: string[] }>(['deliveries', 'replay', delivery.id]);
  assert.ok(replayed !== undefined && !delivery.deploymentIds.includes(replayed));
  const canceled = await json<{ id: string; status: string }>(['cancel', replayed]);
  assert.deepEqual([canceled.id, canceled.status], [replayed, 'canceled']);
  const shown = await anchor(['inspect', replayed]);
  assert.match(shown.stdout, /status +canceled/);
  assert.match(shown.stdout, /fix: /);
  assert.equal((await anchor(['promote', replayed])).code, 5);
  assert.match(await page(), /^second /);
  assert.equal((await platform.api('PATCH', '/api/projects/shop', { build: { buildCommand: null } })).status, 200);
});

test('a build that fails ends with exit code 1 and the reason, and leaves the live deployment alone', async () => {
  await writeFile(
    join(site, 'package.json'),
    JSON.stringify({
      name: 'shop',
      type: 'module',
      scripts: { start: 'node server.mjs', build: 'echo "no such thing" >&2; exit 3' },
    }),
  );
  const failed = await anchor(['deploy']);
  assert.equal(failed.code, 1, failed.stdout);
  assert.match(failed.stdout, /✗ .+\n[\s\S]*why: [\s\S]*no such thing[\s\S]*fix: /);
  assert.match(await page(), /^second /);
  const log = await anchor(['logs', '--build']);
  assert.match(log.stdout, /no such thing/);
});

test('runtime logs are followed live, filtered by request', async () => {
  const { items } = await json<{ items: { id: string; liveAt: string[] }[] }>([
    'deployments',
    'list',
    '--status',
    'success',
  ]);
  const live = items.find((item) => item.liveAt.some((address) => address.startsWith('http://shop.localhost')))!;
  const child = spawn(process.execPath, [MAIN, 'logs', live.id, '--run', '-f', '--json'], {
    cwd: site,
    env: environment(),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let seen = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    seen += text;
  });
  try {
    const { headers } = await platform.request('shop.localhost', '/wanted');
    await eventually(
      () => seen.includes('got /wanted'),
      15_000,
      () => `the line did not come: ${seen}`,
    );
    const line = seen
      .split('\n')
      .filter((text) => text !== '')
      .map((text) => JSON.parse(text) as { text: string; requestId?: string })
      .find((entry) => entry.text === 'got /wanted')!;
    if (line.requestId !== undefined) {
      assert.equal(line.requestId, headers['x-request-id']);
      const only = await anchor(['logs', live.id, '--run', '--request', line.requestId]);
      assert.match(only.stdout, /got \/wanted/);
    }
  } finally {
    child.kill('SIGINT');
    const [code] = (await Promise.race([
      new Promise<unknown[]>((resolve) => {
        child.once('exit', (...ended) => resolve(ended));
      }),
      new Promise<unknown[]>((resolve) => {
        setTimeout(() => resolve(['hangs']), 10_000).unref();
      }),
    ])) as [unknown];
    assert.equal(code, 0, 'Ctrl-C ends it in good order');
  }
});

test('doctor finds nothing wrong with a platform that works', async () => {
  const { code, stdout } = await anchor(['doctor']);
  assert.equal(code, 0, stdout);
  assert.match(stdout, /All checks passed\.\n$/);
});

test('a backup brings everything back, after it was all deleted', async () => {
  const backup = await anchor(['backup', 'all.backup']);
  assert.equal(backup.code, 0, backup.stderr);
  assert.equal((await anchor(['projects', 'remove', 'shop', '--confirm', 'shop'])).code, 0);
  assert.equal((await anchor(['projects', 'inspect', 'shop'])).code, 4);
  const restored = await anchor(['restore', 'all.backup', '--yes']);
  assert.equal(restored.code, 0, restored.stderr);
  assert.match(restored.stdout, /Restored 1 project with 5 deployments/);
  await eventually(
    async () => (await page()).startsWith("second it's #1"),
    60_000,
    () => `the site did not come back:\n${platform.output()}`,
  );
  assert.equal((await json<{ project: { name: string } }>(['projects', 'inspect', 'shop'])).project.name, 'shop');
  await writeFile(join(site, 'broken.backup'), 'not a backup');
  const broken = await anchor(['restore', 'broken.backup', '--yes']);
  assert.equal(broken.code, 2, broken.stderr);
  assert.match(await page(), /^second /);
});
