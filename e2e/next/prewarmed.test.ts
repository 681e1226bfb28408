import assert from 'node:assert/strict';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { FunctionHostClient } from '@anchor/function-host/client.ts';
import { pathsIn } from '@anchor/adapter-local/paths.ts';
import { logOf } from '../helpers.ts';
import { eventually, startPlatform, type Platform } from '../platform.ts';
import { deployApp, type Site } from './site.ts';

/** The prewarmed process of an idle site: what is loaded in it, and what it can reach before and after it serves. */

const loud = (text: string): string => `console.log('the app was loaded');
export const dynamic = 'force-dynamic';
export const GET = () => Response.json({ outcome: ${JSON.stringify(text)}, secret: process.env.RUN_SECRET ?? null });
`;
const FILES = {
  'instrumentation.ts': `export function register() { console.log('the app was registered'); }\n`,
  'app/api/loud/route.ts': loud('first'),
};

let platform: Platform;
let site: Site;

before(async () => {
  platform = await startPlatform();
  site = await deployApp(platform, {
    app: 'next-basic',
    hold: '/api/stream',
    files: FILES,
    prepare: async () => {
      const put = await platform.api('PUT', '/api/projects/next-basic/environments/production/variables', {
        variables: [{ name: 'RUN_SECRET', value: 'known at run time' }],
      });
      assert.ok(put.status < 300, JSON.stringify(put.body));
    },
  });
});
after(async () => {
  await site?.remove();
  await platform?.stop();
});

const field = (pid: number, name: string): string =>
  new RegExp(`^${name}:\\s+(.*)$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '';

/** Returns function processes of the site's live deployment, by the machine's list and not by the host's. */
function processes(of = site): readonly number[] {
  const host = platform.pid('host');
  const below = (pid: number): boolean => pid > 1 && (pid === host || below(Number(field(pid, 'PPid'))));
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const argv = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
        return (
          argv[0] === '/node/bin/node' &&
          argv.some((part) => part.endsWith('/next-server.js')) &&
          below(pid) &&
          readFileSync(`/proc/${pid}/mountinfo`, 'utf8').includes(`/${of.live()} `)
        );
      } catch {
        return false; // it has ended meanwhile
      }
    });
}

/** Every file of /proc that describes what a process may reach. */
const confinement = (pid: number): object => ({
  ...Object.fromEntries(
    ['Uid', 'Gid', 'CapEff', 'CapBnd', 'NoNewPrivs', 'Seccomp', 'NSpid'].map((name) => [name, field(pid, name)]),
  ),
  ...Object.fromEntries(
    ['mnt', 'net', 'pid', 'user', 'ipc', 'uts'].map((name) => [name, readlinkSync(`/proc/${pid}/ns/${name}`)]),
  ),
  cgroups: readFileSync(`/proc/${pid}/cgroup`, 'utf8'),
  root: readlinkSync(`/proc/${pid}/root`),
});

async function status() {
  const host = new FunctionHostClient(pathsIn(platform.data).hostSocket);
  const response = await host.status();
  host.close();
  if (!response.ok) throw new Error(response.error.message);
  return response.value;
}

const setIdle = async (idleSeconds: number, of = site): Promise<void> => {
  assert.equal((await platform.api('PATCH', `/api/projects/${of.name}`, { functions: { idleSeconds } })).status, 200);
};

/** Lets the function scale to zero by itself, as without requests; the next process to serve stays. */
async function rest(of = site): Promise<number> {
  await setIdle(1, of);
  await of.toZero();
  assert.equal((await of.request('/api/loud')).status, 200);
  await eventually(
    async () => (await status()).instances.every(({ deployment }) => deployment !== of.live()),
    60_000,
    () => 'it did not go to zero',
  );
  await eventually(
    async () => (await status()).prewarmed > 0 && processes(of).length === 1,
    60_000,
    () => 'no process waits',
  );
  await setIdle(900, of);
  return processes(of)[0] ?? Number.NaN;
}

const times = (text: string, what: string): number => text.split(what).length - 1;

test('idle, one prewarmed process waits in which no code of the app has run, and it serves the next request', async () => {
  const pid = await rest();
  const before = await logOf(platform, site.live(), 'run');
  assert.ok(times(before, 'the app was loaded') >= 1, before);
  // Node and Next are loaded by now or will be soon; the app is not, however long it waits.
  await eventually(
    () => Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) > 60_000,
    30_000,
    () => 'it loads nothing',
  );
  assert.equal(await logOf(platform, site.live(), 'run'), before);
  const response = await site.request('/api/loud');
  assert.deepEqual(JSON.parse(response.body), { outcome: 'first', secret: 'known at run time' });
  assert.deepEqual(processes(), [pid], 'the process that waited is the one that serves');
  await eventually(
    async () =>
      times(await logOf(platform, site.live(), 'run'), 'the app was loaded') ===
      times(before, 'the app was loaded') + 1,
    30_000,
    () => 'the app was not loaded by the request',
  );
  assert.equal(
    times(await logOf(platform, site.live(), 'run'), 'the app was registered'),
    times(before, 'the app was registered') + 1,
  );
});

test('a process that waits is as confined as one that serves, before and after', async () => {
  const pid = await rest();
  const prewarmed = confinement(pid);
  const own = confinement(process.pid);
  for (const name of ['mnt', 'net', 'pid', 'user', 'ipc', 'uts', 'cgroups'] as const)
    assert.notEqual(Reflect.get(prewarmed, name), Reflect.get(own, name), name);
  assert.match(Reflect.get(prewarmed, 'Uid'), /^(?!0\b)\d{9,}/);
  assert.deepEqual(
    [
      Reflect.get(prewarmed, 'NoNewPrivs'),
      Reflect.get(prewarmed, 'Seccomp'),
      Number.parseInt(Reflect.get(prewarmed, 'CapEff'), 16),
    ],
    ['1', '2', 0],
  );
  assert.equal((await site.request('/api/loud')).status, 200);
  assert.deepEqual(confinement(pid), prewarmed);
});

test('a new deployment is not served by the prewarmed process of the old one, and a rollback is', async () => {
  await rest();
  await setIdle(1);
  const first = site.live();
  await site.push({ 'app/api/loud/route.ts': loud('second') });
  assert.equal(JSON.parse((await site.request('/api/loud')).body).outcome, 'second');
  await site.rollback(first);
  await eventually(
    async () => JSON.parse((await site.request('/api/loud')).body).outcome === 'first',
    30_000,
    () => 'the rollback never responded',
  );
});

test('every recently used site has a prewarmed process in a sandbox of its own, and each serves its own clients', async () => {
  const other = await deployApp(platform, {
    app: 'next-basic',
    name: 'other',
    hold: '/api/stream',
    files: { 'app/api/loud/route.ts': loud('other') },
  });
  try {
    const [first, second] = [await rest(), await rest(other)];
    assert.deepEqual(
      [processes(), processes(other)],
      [[first], [second]],
      'the second did not take the place of the first',
    );
    for (const name of ['mnt', 'net', 'pid', 'user', 'cgroups', 'Uid'])
      assert.notEqual(Reflect.get(confinement(first), name), Reflect.get(confinement(second), name), name);
    assert.deepEqual(
      [
        JSON.parse((await site.request('/api/loud')).body).outcome,
        JSON.parse((await other.request('/api/loud')).body).outcome,
      ],
      ['first', 'other'],
    );
    assert.deepEqual([processes(), processes(other)], [[first], [second]], 'those that waited are those that serve');
  } finally {
    await other.remove();
  }
});

test("a process that dies while it waits is no visitor's trouble", async () => {
  const pid = await rest();
  process.kill(pid, 'SIGKILL');
  assert.equal((await site.request('/api/loud')).status, 200);
  assert.ok(!processes().includes(pid));
});
