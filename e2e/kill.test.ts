import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { eventually, startPlatform, type Platform } from './platform.ts';
import { createRepository, nodeServer, type Repository } from './repository.ts';

/** Kills processes of a real platform at each step of a deployment, while a client keeps requesting the live site. */
let platform: Platform;
let repository: Repository;
let db: DatabaseSync;
let version = 0;

/** `/slow` is the health path: the verification takes a second, long enough to be hit. */
const site = (n: number): Record<string, string> =>
  nodeServer(
    `if (req.url === '/slow') await new Promise((done) => setTimeout(done, 1000));\n  res.end('version ${n}');`,
  );

before(async () => {
  platform = await startPlatform();
  assert.equal(
    (
      await platform.api('POST', '/api/projects', {
        name: 'shop',
        build: { buildCommand: 'sleep 1.5' },
        health: { path: '/slow' },
      })
    ).status,
    201,
  );
  repository = await createRepository();
  await repository.commit(site(version));
  const pushed = await repository.push(platform, 'shop');
  assert.equal(pushed.code, 0, pushed.output);
  db = new DatabaseSync(join(platform.data, 'anchor.db'), { readOnly: true });
});
after(async () => {
  db?.close();
  await repository?.remove();
  await platform?.stop();
});

type Seen = { id: string; state: string; step: string };
const newest = (): Seen => {
  const row = db.prepare('SELECT doc FROM deployments ORDER BY id DESC LIMIT 1').get();
  const doc = JSON.parse(String(row?.['doc'] ?? '{}')) as {
    id: string;
    state: string;
    steps?: { name: string; endedAt?: number }[];
  };
  return { id: doc.id, state: doc.state, step: doc.steps?.findLast((step) => step.endedAt === undefined)?.name ?? '' };
};

/** Requests the live page repeatedly until it is stopped; returns how often, and what failed. */
function visitor(): { stop(): Promise<{ sent: number; wrong: string[] }> } {
  const going = new AbortController();
  const wrong: string[] = [];
  let sent = 0;
  const run = (async () => {
    while (!going.signal.aborted) {
      sent++;
      try {
        const response = await platform.request('shop.localhost');
        if (response.status !== 200 || !response.body.startsWith('version '))
          wrong.push(`${response.status} ${response.body.slice(0, 200)}`);
      } catch (error) {
        wrong.push(String(error));
      }
    }
  })();
  return {
    async stop() {
      going.abort();
      await run;
      return { sent, wrong };
    },
  };
}

/** Pushes the next version without waiting for its build. */
async function pushNext(): Promise<{ before: string; pushed: Promise<unknown> }> {
  version++;
  const before = newest().id;
  await repository.commit(site(version));
  return { before, pushed: repository.push(platform, 'shop') };
}

const ends = (before: string): Promise<void> =>
  eventually(
    () => newest().id !== before && ['success', 'failed', 'canceled'].includes(newest().state),
    90_000,
    () => `it did not end: ${JSON.stringify(newest())}\n${platform.output()}`,
  );

const MOMENTS: readonly (readonly [string, (seen: Seen) => boolean])[] = [
  // As soon as it is there: an idle worker takes it within milliseconds.
  ['queued', () => true],
  ['fetching', (seen) => seen.step === 'fetch'],
  ['building', (seen) => seen.step === 'build'],
  ['deploying', (seen) => seen.state === 'deploying'],
  ['verifying', (seen) => seen.step === 'verify'],
];

for (const [moment, reached] of MOMENTS) {
  test(`the server is killed while a deployment is ${moment}: the live site misses no request, and the deployment succeeds after the restart`, async () => {
    const requests = visitor();
    const { before, pushed } = await pushNext();
    await eventually(
      () => newest().id !== before && reached(newest()),
      30_000,
      () => `never ${moment}: ${JSON.stringify(newest())}`,
    );
    await platform.kill9('server');
    await ends(before);
    await pushed;
    const { sent, wrong } = await requests.stop();
    assert.deepEqual(wrong, []);
    assert.ok(sent > 10, `${sent} requests`);
    assert.equal(newest().state, 'success');
    assert.equal((await platform.request('shop.localhost')).body, `version ${version}`);
  });
}

for (const moment of ['building', 'verifying'] as const) {
  test(`the function host is killed while a deployment is ${moment}: the deployment ends, and the site responds again`, async () => {
    const reached = MOMENTS.find(([name]) => name === moment)?.[1] ?? (() => false);
    const { before, pushed } = await pushNext();
    await eventually(
      () => newest().id !== before && reached(newest()),
      30_000,
      () => `never ${moment}`,
    );
    await platform.kill9('host');
    await ends(before);
    await pushed;
    const live = newest().state === 'success' ? version : version - 1;
    await eventually(
      async () => (await platform.request('shop.localhost')).body === `version ${live}`,
      30_000,
      () => 'the site did not come back',
    );
    if (live !== version) version = live;
  });

  test(`an edge worker is killed while a deployment is ${moment}: the other serves, and the deployment succeeds`, async () => {
    const reached = MOMENTS.find(([name]) => name === moment)?.[1] ?? (() => false);
    const { before, pushed } = await pushNext();
    await eventually(
      () => newest().id !== before && reached(newest()),
      30_000,
      () => `never ${moment}`,
    );
    await platform.kill9('edge-0');
    await ends(before);
    await pushed;
    assert.equal(newest().state, 'success', platform.output());
    await eventually(
      async () => (await platform.request('shop.localhost')).body === `version ${version}`,
      10_000,
      () => 'the new version does not respond',
    );
  });
}

test('everything is killed at once: after the restart the site responds as before', async () => {
  for (const name of ['server', 'host', 'edge-0', 'edge-1'] as const) {
    const pid = platform.pid(name);
    if (pid !== undefined) process.kill(pid, 'SIGKILL');
  }
  await eventually(
    async () => (await platform.request('shop.localhost')).body === `version ${version}`,
    60_000,
    () => `the site did not come back\n${platform.output()}`,
  );
  await eventually(
    async () => (await platform.api('GET', '/api/health')).status === 200,
    60_000,
    () => 'the API did not come back',
  );
});

test('without the server the edge keeps serving, and functions still start from zero', async () => {
  const pid = platform.pid('server');
  assert.ok(pid !== undefined);
  process.kill(pid, 'SIGSTOP');
  try {
    assert.equal((await platform.request('shop.localhost')).body, `version ${version}`);
    await platform.kill9('host');
    await eventually(
      async () => (await platform.request('shop.localhost')).body === `version ${version}`,
      30_000,
      () => 'no function started without the server',
    );
  } finally {
    process.kill(pid, 'SIGCONT');
  }
});
