import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createProject, ended, newest, type DeploymentResponse } from './helpers.ts';
import { LIVE_SITE, openStream, Trickle } from './live-site.ts';
import { age, processes } from './machine.ts';
import { eventually, startPlatform, type Platform } from './platform.ts';
import { createRepository, nodeServer, staticSite, type Repository } from './repository.ts';

/**
 * The operator's tasks: streams, scaling, the queue, clean-up, restarts, a full disk, and a backup on another machine.
 */
let platform: Platform;
let repository: Repository;
let backups: string;
const FLAGS = ['--builds', '1'] as const;

type EnvironmentResponse = { name: string; deploymentId: string; revision: number; earlier: string[] };
const production = async (project: string): Promise<EnvironmentResponse> => {
  const { body } = await platform.api<{ items: EnvironmentResponse[] }>('GET', `/api/projects/${project}/environments`);
  const found = body.items.find(({ name }) => name === 'production');
  assert.ok(found !== undefined);
  return found;
};
const deployment = async (
  id: string,
): Promise<DeploymentResponse & { buildStartedAt?: number; steps: { name: string }[] }> =>
  (
    await platform.api<DeploymentResponse & { buildStartedAt?: number; steps: { name: string }[] }>(
      'GET',
      `/api/deployments/${id}`,
    )
  ).body;
/** Pushes and waits. */
async function deploy(project: string, files: Record<string, string>, branch = 'main'): Promise<string> {
  await repository.commit(files);
  const pushed = await repository.push(platform, project, branch);
  assert.equal(pushed.code, 0, pushed.output);
  const { id, status, error } = await newest(platform, project);
  assert.equal(status, 'success', JSON.stringify(error));
  return id;
}
/** Deploys a folder of one file with a build that takes a while; returns at once. */
async function start(project: string, branch: string): Promise<string> {
  await repository.commit({ 'index.html': `${project} ${branch} ${Math.random()}` });
  const before = (
    await platform.api<{ items: { id: string }[] }>('GET', `/api/projects/${project}/deployments?limit=1`)
  ).body.items[0]?.id;
  // The push prints progress until the build is done; the test does not wait for it.
  void repository.push(platform, project, branch);
  let id = '';
  await eventually(
    async () => (id = (await newest(platform, project)).id) !== before,
    10_000,
    () => 'the push did not arrive',
  );
  return id;
}
const anchor = (to: Platform, ...args: string[]): Promise<{ code: number; output: string }> =>
  new Promise((resolve) => {
    const env = { PATH: process.env['PATH'], HOME: repository.path, ANCHOR_URL: to.apiUrl, ANCHOR_TOKEN: to.token };
    execFile(
      process.execPath,
      [fileURLToPath(new URL('../packages/cli/src/main.ts', import.meta.url)), ...args],
      { cwd: backups, env },
      (error, stdout, stderr) =>
        resolve({ code: error === null ? 0 : Number(error.code ?? 1), output: stdout + stderr }),
    );
  });

before(async () => {
  platform = await startPlatform({ flags: FLAGS });
  repository = await createRepository();
  backups = repository.path;
  await createProject(platform, 'live', { functions: { idleSeconds: 1 } });
  await createProject(platform, 'shop');
  for (const name of ['slow', 'other'])
    await createProject(platform, name, { build: { buildCommand: 'sleep 1.5', outputDirectory: '.' } });
  await platform.api('PUT', '/api/projects/shop/environments/production/variables', {
    variables: [{ name: 'SECRET_WORD', value: 'mizzen' }],
  });
  await deploy('live', LIVE_SITE);
});
after(async () => {
  await trickling?.stop().catch(() => undefined);
  await repository?.remove();
  await platform?.stop();
});

test('events reach the browser one by one, and a WebSocket goes both ways', async () => {
  const events = openStream(platform, 'live.localhost', '/events');
  await eventually(
    () => events.seen.text === 'data: open\n\n',
    10_000,
    () => `no first event: ${events.seen.text}`,
  );
  assert.equal((await platform.request('live.localhost', '/say/hello')).body, '1');
  await eventually(
    () => events.seen.text.endsWith('data: hello\n\n'),
    5_000,
    () => `no second event: ${events.seen.text}`,
  );

  const socket = openStream(platform, 'live.localhost', '/socket', {
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': Buffer.from('a key of 16 byte').toString('base64'),
  });
  await eventually(
    () => socket.seen.upgraded !== undefined,
    10_000,
    () => `no upgrade: ${socket.seen.status ?? ''} ${socket.seen.text}`,
  );
  for (const [word, all] of [
    ['ahoy', 'AHOY'],
    ['land', 'AHOYLAND'],
  ] as const) {
    const mask = Buffer.from([1, 2, 3, 4]);
    socket.seen.upgraded?.write(
      Buffer.concat([
        Buffer.from([0x81, 0x80 | word.length]),
        mask,
        Buffer.from(Buffer.from(word).map((byte, i) => byte ^ (mask[i % 4] ?? 0))),
      ]),
    );
    await eventually(
      () => socket.seen.text === all,
      5_000,
      () => `no response: ${socket.seen.text}`,
    );
  }
  events.close();
  socket.close();
});

/** Runs through all of the next tests. */
let trickling: Trickle | undefined;

test('of two promotes at the same time one wins and the other gets a conflict', async () => {
  trickling = new Trickle(() => platform);
  const first = await deploy('shop', nodeServer(`res.end('one ' + process.env.SECRET_WORD);`));
  const second = await deploy('shop', nodeServer(`res.end('two ' + process.env.SECRET_WORD);`));
  const third = await deploy('shop', nodeServer(`res.end('three ' + process.env.SECRET_WORD);`));
  for (let round = 0; round < 5; round++) {
    assert.equal((await platform.api('POST', `/api/deployments/${third}/promote`, {})).status, 200);
    const { revision } = await production('shop');
    const responses = await Promise.all(
      [first, second].map((id) =>
        platform.api<{ deploymentId?: string; code?: string; fix?: string }>('POST', `/api/deployments/${id}/promote`, {
          revision,
        }),
      ),
    );
    assert.deepEqual(responses.map(({ status }) => status).toSorted(), [200, 409], JSON.stringify(responses));
    const loser = responses.find(({ status }) => status === 409);
    assert.equal(loser?.body.code, 'conflict');
    assert.ok((loser?.body.fix ?? '').length > 10);
    const winner = responses.findIndex(({ status }) => status === 200);
    assert.equal((await platform.request('shop.localhost')).body, winner === 0 ? 'one mizzen' : 'two mizzen');
  }
  // Whichever won last: from here on the second is live and the first is before it.
  for (const id of [third, first, second])
    assert.equal((await platform.api('POST', `/api/deployments/${id}/promote`, {})).status, 200);
});

test('a running build is canceled at once, and none of its processes remains', async () => {
  await platform.api('PATCH', '/api/projects/slow', { build: { buildCommand: 'sleep 4321' } });
  const id = await start('slow', 'main');
  await eventually(
    async () => (await deployment(id)).steps.some(({ name }) => name === 'build'),
    20_000,
    () => 'it does not build',
  );
  await eventually(
    async () => (await processes('sleep 4321')).length > 0,
    20_000,
    () => 'it does not build',
  );
  const canceled = await platform.api<DeploymentResponse>('POST', `/api/deployments/${id}/cancel`);
  assert.equal(canceled.status, 200, JSON.stringify(canceled.body));
  assert.equal((await ended(platform, id)).error?.code, 'canceled');
  await eventually(
    async () => (await processes('sleep 4321')).length === 0,
    10_000,
    () => 'the build still runs',
  );
  await platform.api('PATCH', '/api/projects/slow', { build: { buildCommand: 'sleep 1.5' } });
});

test('of three quick pushes only the newest is built; another project does not wait for the rest of a queue', async () => {
  const [one, two, three] = [await start('slow', 'main'), await start('slow', 'main'), await start('slow', 'main')];
  for (const id of [one, two]) {
    const { status, error } = await ended(platform, id);
    assert.equal(status, 'canceled');
    assert.equal(error?.code, 'superseded');
  }
  assert.equal((await ended(platform, three)).status, 'success');

  const queue = [await start('slow', 'a'), await start('slow', 'b'), await start('slow', 'c')];
  const other = await start('other', 'a');
  const [, second, third] = await Promise.all(queue.map((id) => ended(platform, id).then(() => deployment(id))));
  await ended(platform, other);
  const started = (await deployment(other)).buildStartedAt ?? Infinity;
  assert.ok(
    started < (second?.buildStartedAt ?? 0) && started < (third?.buildStartedAt ?? 0),
    'it waited for the other project',
  );
});

test('a function goes to zero and comes back, and no request of a trickle is lost', async () => {
  assert.ok(trickling !== undefined);
  const { boots, wrong } = trickling;
  await eventually(
    () => boots.size > 1 || wrong.length > 0,
    40_000,
    () => 'it never went to zero',
  );
  await trickling.stop();
  assert.deepEqual(wrong, []);
});

test('clean-up keeps what addresses and rollbacks need, and removes the rest', async () => {
  const gone = await deploy(
    'shop',
    { ...nodeServer(`res.end('preview');`), 'only-here.txt': 'x'.repeat(5_000) },
    'topic',
  );
  const removed = await repository.git(
    '-c',
    `http.extraHeader=Authorization: Basic ${Buffer.from(`anchor:${platform.token}`).toString('base64')}`,
    'push',
    `${platform.apiUrl}/git/shop.git`,
    '--delete',
    'topic',
  );
  assert.equal(removed.code, 0, removed.output);
  await eventually(
    async () => (await platform.request('shop-git-topic.localhost')).status === 404,
    5_000,
    () => 'the preview still responds',
  );
  platform = await platform.restart({ between: () => age(platform.data) });

  const dry = await platform.api<{
    deployments: string[];
    blobs: number;
    bytes: number;
    caches: { kind: string; bytes: number; projects?: { project: string; freed: boolean }[] }[];
  }>('POST', '/api/gc', { dryRun: true });
  assert.equal(dry.status, 200, JSON.stringify(dry.body));
  assert.ok(dry.body.deployments.includes(gone));
  const { deploymentId, earlier } = await production('shop');
  for (const id of [deploymentId, ...earlier]) assert.ok(!dry.body.deployments.includes(id), `${id} is needed`);
  assert.ok(dry.body.blobs > 0 && dry.body.bytes >= 5_000);
  assert.deepEqual(
    (await platform.api('POST', '/api/gc', { dryRun: true })).body,
    dry.body,
    'a dry run changes nothing',
  );
  const [builds] = dry.body.caches;
  assert.ok(
    builds?.kind === 'build caches' &&
      builds.bytes > 0 &&
      builds.projects?.some(({ project, freed }) => project === 'shop' && !freed),
    JSON.stringify(dry.body.caches),
  );
  const all = await anchor(platform, 'gc', '--caches', '--dry-run');
  assert.match(all.output, /build caches .*\n/);
  assert.match(all.output, /shop .* would be freed/);
  const real = await anchor(platform, 'gc', '--json');
  assert.equal(real.code, 0, real.output);
  assert.deepEqual((JSON.parse(real.output) as { deployments: string[] }).deployments, dry.body.deployments);

  assert.equal((await platform.request('shop.localhost')).body, 'two mizzen');
  assert.equal((await platform.api('POST', `/api/deployments/${gone}/promote`, {})).status, 409, 'its files are gone');
  assert.equal((await platform.api('POST', '/api/projects/shop/environments/production/rollback', {})).status, 200);
  assert.equal((await platform.request('shop.localhost')).body, 'one mizzen');
  assert.equal((await platform.api('POST', '/api/projects/shop/environments/production/undo-rollback')).status, 200);
  assert.equal((await platform.api('POST', `/api/deployments/${deploymentId}/promote`, {})).status, 200);
});

test('a backup of a running platform comes to life on another one, secrets and tokens too', async () => {
  await createProject(platform, 'pages');
  await deploy('pages', { 'package.json': '{}', 'server.js': '', ...staticSite('pages of the first') });
  const made = await platform.api<{ value: string }>('POST', '/api/tokens', {
    name: 'ci',
    scope: 'deploy',
    project: 'shop',
  });
  const wrong: string[] = [];
  const stopRequests = new AbortController();
  const visitor = (async () => {
    while (!stopRequests.signal.aborted) {
      const { status, body } = await platform.request('shop.localhost');
      if (status !== 200) wrong.push(body);
    }
  })();
  const file = join(backups, 'all.backup');
  const backup = await anchor(platform, 'backup', file);
  stopRequests.abort();
  await visitor;
  assert.equal(backup.code, 0, backup.output);
  assert.deepEqual(wrong, []);

  const other = await startPlatform({ flags: FLAGS });
  try {
    const token = other.token;
    const whole = await readFile(file);
    const flipped = Buffer.from(whole);
    flipped[Math.floor(flipped.length / 2)] = (flipped[Math.floor(flipped.length / 2)] ?? 0) ^ 0xff;
    for (const [name, bytes] of [
      ['cut.backup', whole.subarray(0, whole.length - 2_000)],
      ['flipped.backup', flipped],
      ['empty.backup', Buffer.alloc(0)],
    ] as const) {
      await writeFile(join(backups, name), bytes);
      const refused = await anchor(other, 'restore', name, '--yes');
      assert.notEqual(refused.code, 0, name);
      assert.match(refused.output, /fix: /);
    }
    assert.deepEqual((await other.api<{ items: unknown[] }>('GET', '/api/projects')).body.items, [], 'nothing changed');
    assert.equal(other.token, token);

    const restored = await anchor(other, 'restore', file, '--yes');
    assert.equal(restored.code, 0, restored.output);
    await eventually(
      async () => (await other.request('shop.localhost')).body === 'two mizzen',
      60_000,
      () => `the site did not come:\n${other.output()}`,
    );
    assert.match((await other.request('pages.localhost')).body, /pages of the first/);
    assert.equal((await other.request('live.localhost')).status, 200);
    await eventually(
      async () =>
        (await other.request('shop.localhost')).status === 200 && (await fetch(`${other.apiUrl}/api/health`)).ok,
      30_000,
      () => 'the API did not come back',
    );
    const statusWith = async (bearer: string): Promise<number> =>
      (await fetch(`${other.apiUrl}/api/projects/shop`, { headers: { authorization: `Bearer ${bearer}` } })).status;
    assert.equal(await statusWith(made.body.value), 200, 'a token of the first works');
    assert.equal(await statusWith(platform.token), 200);
    assert.equal(await statusWith(token), 401, 'tokens are those of the backup');
    const listed = await fetch(`${other.apiUrl}/api/projects/shop/deployments`, {
      headers: { authorization: `Bearer ${platform.token}` },
    });
    assert.equal(((await listed.json()) as { items: unknown[] }).items.length, 4);
  } finally {
    await other.stop();
  }
});

test('a disk that is too full refuses builds with the reason, and serves on', async () => {
  platform = await platform.restart({ flags: [...FLAGS, '--min-free-disk-mb', '900000000'] });
  assert.equal((await platform.request('shop.localhost')).body, 'two mizzen', 'all sites are back after the restart');
  assert.match((await platform.request('pages.localhost')).body, /pages of the first/);
  assert.equal((await platform.request('live.localhost')).status, 200);
  const before = await newest(platform, 'shop');
  const refused = await platform.api<{ code: string; cause: string; fix: string }>(
    'POST',
    '/api/projects/shop/deployments',
    { kind: 'git', force: true },
  );
  assert.equal(refused.body.code, 'disk_full', JSON.stringify(refused.body));
  assert.ok(refused.status >= 400);
  assert.match(refused.body.cause, /MB are free/);
  assert.match(refused.body.fix, /anchor gc/);
  assert.deepEqual(
    (await readdir(join(platform.data, 'disks'))).filter((name) => name.endsWith('.img')),
    [],
    'build caches went first',
  );
  await repository.commit(nodeServer(`res.end('four');`));
  const pushed = await repository.push(platform, 'shop');
  assert.notEqual(pushed.code, 0);
  assert.match(pushed.output, /disk/i);
  assert.equal((await newest(platform, 'shop')).id, before.id);
  const status = await platform.api<{ ok: boolean; checks: { name: string; ok: boolean }[] }>('GET', '/api/status');
  assert.equal(status.body.checks.find(({ name }) => name === 'disk')?.ok, false);
  assert.equal((await platform.request('shop.localhost')).body, 'two mizzen');
});
