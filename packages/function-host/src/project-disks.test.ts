import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { appendFile, chown, mkdir, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { requestUpstream } from '@anchor/testing/clients/function-client.ts';
import { until } from '@anchor/testing/until.ts';
import type { Alias } from '@anchor/core/aliases/alias.ts';
import { newId, type DeploymentId, type ProjectId } from '@anchor/core/names/id.ts';
import { fail, ok } from '@anchor/core/result/result.ts';
import { Disks } from '@anchor/sandbox-linux/disk.ts';
import { isMounted } from '@anchor/sandbox-linux/mount-points.ts';
import { uidOf } from '@anchor/sandbox-linux/identity.ts';
import { FunctionHostClient } from './client.ts';
import { SandboxedInstanceFactory } from './instance-factory.ts';
import { createFunctionHostServer } from './server.ts';
import { ProjectDisks } from './project-disks.ts';
import type { InstancePlan } from './instance-sandbox.ts';
import type { FunctionHostSettings } from './settings.ts';
import { WarmSandboxPool } from './warm-sandbox-pool.ts';
import { must, openTestingHome } from './fixtures/testing-home.ts';

const MB = 1 << 20;

async function started(t: TestContext, settings: Partial<FunctionHostSettings> = {}) {
  const home = await openTestingHome({
    leaseMs: 400,
    graceMs: 200,
    cacheMb: 32,
    diskLookMs: 50,
    backoffFirstMs: 50,
    ...settings,
  });
  const server = must(await createFunctionHostServer(home.ports));
  const host = new FunctionHostClient(home.paths.hostSocket);
  t.after(async () => {
    host.close();
    await server.close();
    await home.remove();
  });
  const get = async (deployment: DeploymentId, path: string): Promise<string> => {
    const lease = must(await host.acquire(deployment));
    return (await requestUpstream(lease.upstreams[0]!, path, {})).body;
  };
  const log = async (deployment: DeploymentId): Promise<string> =>
    (await home.logs.read('run', deployment, {})).map(({ text }) => text).join('\n');
  return { home, get, log };
}

test(
  'a function that fills its disk gets ENOSPC and a line in its run log, old cached files are removed, and it keeps serving',
  { timeout: 60_000 },
  async (t) => {
    const { home, get, log } = await started(t);
    const projectId = newId('prj', Date.now());
    const deployment = await home.deploy({ projectId });
    assert.equal(await get(deployment, '/fill?mb=200'), 'ENOSPC');
    const image = statSync(join(home.paths.functionDisks, `${projectId}.img`));
    assert.equal(image.size, 32 * MB);
    assert.ok(image.blocks * 512 <= 33 * MB, `${image.blocks * 512} bytes of the machine's disk`);
    await until('the log says why', async () =>
      /disk for what functions write is full \(\d+ MB\): writes fail with ENOSPC/.test(await log(deployment)),
    );
    await until(
      'there is space again',
      async () => (await get(deployment, '/write?path=/cache/more')) === 'reached undefined',
    );
    await until('cached files went', async () => (await readdir(home.paths.deploymentCache(deployment))).length < 10);
    assert.equal(
      readFileSync(join(home.paths.deploymentCache(deployment), 'tags.log'), 'utf8'),
      '{"tag":"a","at":1}\n',
    );
    assert.doesNotMatch(await log(deployment), /exited by itself/);
  },
);

test('one project that has filled its disk takes nothing from another', { timeout: 60_000 }, async (t) => {
  const { home, get } = await started(t, { diskLookMs: 60_000 });
  const [greedy, modest] = [await home.deploy(), await home.deploy()];
  assert.equal(await get(greedy, '/fill?mb=200'), 'ENOSPC');
  assert.equal(await get(modest, '/write?path=/cache/x'), 'reached undefined');
  assert.match(await get(greedy, '/write?path=/cache/never'), /^(ENOSPC|reached undefined)$/);
});

test('a deployment that is prepared several times at once gets one cache directory', { timeout: 60_000 }, async (t) => {
  const home = await openTestingHome();
  const disks = new ProjectDisks(home.paths, home.ports.settings);
  t.after(async () => {
    await disks.close();
    await home.remove();
  });
  for (let round = 0; round < 10; round++) {
    const [project, deployment] = [newId('prj', Date.now()), newId('dpl', Date.now())];
    const caches = await Promise.all(Array.from({ length: 8 }, () => disks.cacheOf(project, deployment)));
    assert.equal(new Set(caches.map(({ cache }) => cache)).size, 1);
  }
});

test('all deployments of a project share its disk', { timeout: 60_000 }, async (t) => {
  const { home, get } = await started(t, { diskLookMs: 60_000 });
  const projectId = newId('prj', Date.now());
  const [first, second] = [await home.deploy({ projectId }), await home.deploy({ projectId })];
  assert.equal(await get(first, '/fill?mb=200'), 'ENOSPC');
  assert.equal(await get(second, '/fill?mb=4'), 'ENOSPC');
});

test('nothing that a function can write is on the disk of the machine itself', { timeout: 60_000 }, async (t) => {
  const { home, get } = await started(t);
  const deployment = await home.deploy();
  for (const directory of ['/run/anchor', '/tmp', '/dev/shm']) {
    const result = await get(deployment, `/fill?mb=300&in=${directory}`).catch(() => 'killed for its memory');
    assert.notEqual(result, 'filled', directory);
  }
});

test('the record of invalidated tags of an earlier version moves to the disk', { timeout: 60_000 }, async (t) => {
  const { home, get } = await started(t);
  const deployment = await home.deploy();
  await mkdir(join(home.paths.deploymentCache(deployment), 'aa'), { recursive: true });
  await writeFile(join(home.paths.deploymentCache(deployment), 'tags.log'), '{"tag":"old","at":1}\n');
  assert.equal(await get(deployment, '/read?path=/cache/tags.log'), 'reached "{\\"tag\\":\\"old\\",\\"at\\":1}\\n"');
  assert.equal(existsSync(join(home.paths.deploymentCache(deployment), 'aa')), false);
});

test(
  'below the reserve of the machine the function that writes most is stopped, and its cache is emptied',
  { timeout: 60_000 },
  async (t) => {
    const { home, get, log } = await started(t, { cacheMb: 256, reserveMb: 10_000_000 });
    const deployment = await home.deploy();
    await get(deployment, '/fill?mb=20').catch(() => 'stopped meanwhile');
    await until('the log says why', async () => /almost full, and this project wrote most/.test(await log(deployment)));
    await until('it comes back', async () => (await get(deployment, '/').catch(() => '')) === 'hello');
  },
);

async function disksOf(t: TestContext, settings: Partial<FunctionHostSettings> = {}) {
  const home = await openTestingHome({ cacheMb: 64, ...settings });
  const all: ProjectDisks[] = [];
  const open = (options: ConstructorParameters<typeof ProjectDisks>[2] = {}): ProjectDisks => {
    const made = new ProjectDisks(home.paths, home.ports.settings, options);
    all.push(made);
    return made;
  };
  const disks = open();
  t.after(async () => {
    for (const each of all) await each.close();
    await home.remove();
  });
  /** Fills a deployment's cache as its function does. */
  const fill = async (projectId: ProjectId, cache: string, megabytes: number): Promise<void> => {
    const user = uidOf(projectId);
    await chown(cache, user, user);
    for (let file = 0; file < megabytes; file++) {
      await writeFile(join(cache, String(file)), Buffer.alloc(MB));
      await chown(join(cache, String(file)), user, user);
    }
  };
  return { home, disks, open, fill };
}

test(
  'a new deployment gets its cache directory on a disk that an earlier one, which does not run, has filled',
  { timeout: 60_000 },
  async (t) => {
    const { disks, fill } = await disksOf(t, { cacheMb: 32, diskLookMs: 600_000 });
    const projectId = newId('prj', Date.now());
    const first = await disks.cacheOf(projectId, newId('dpl', Date.now()));
    await assert.rejects(fill(projectId, first.cache, 64), { code: 'ENOSPC' });
    // The last blocks.
    await assert.rejects(
      async () => {
        for (let i = 0; ; i++) await mkdir(join(first.cache, `d${i}`));
      },
      { code: 'ENOSPC' },
    );
    const second = await disks.cacheOf(projectId, newId('dpl', Date.now()));
    assert.ok(statSync(second.cache).isDirectory());
  },
);

test(
  'below the reserve of the machine, a project that has written nothing since is not stopped',
  { timeout: 60_000 },
  async (t) => {
    const { home, disks, open, fill } = await disksOf(t, { diskLookMs: 600_000 });
    const [projectId, deploymentId] = [newId('prj', Date.now()), newId('dpl', Date.now())];
    await fill(projectId, (await disks.cacheOf(projectId, deploymentId)).cache, 40);
    await disks.close();
    Object.assign(home.ports.settings, { reserveMb: 10_000_000, diskLookMs: 20 });
    const reopened = open();
    const heard: string[] = [];
    await reopened.use(projectId, {
      deploymentId,
      note: (text) => heard.push(text),
      stop: () => heard.push('stopped'),
    });
    await until('its caches are trimmed', async () => heard.length > 0);
    await until(
      'they are empty',
      async () => (await readdir(join(home.paths.functionDisks, projectId, deploymentId))).length === 0,
    );
    assert.ok(!heard.includes('stopped'), heard.join('\n'));
  },
);

test(
  "a project's disk is removed with the project, and stays while an instance uses it",
  { timeout: 60_000 },
  async (t) => {
    const { home, disks } = await disksOf(t);
    const [projectId, deploymentId] = [newId('prj', Date.now()), newId('dpl', Date.now())];
    await disks.cacheOf(projectId, deploymentId);
    const sockets = await disks.socketsOf(projectId);
    const disk = join(home.paths.functionDisks, projectId);
    const leave = await disks.use(projectId, { deploymentId, note: () => undefined, stop: () => undefined });
    await disks.removeGone(async () => false);
    assert.deepEqual([isMounted(disk), isMounted(sockets.directory)], [true, true]);
    leave();
    await disks.removeGone(async () => true);
    assert.deepEqual([isMounted(disk), isMounted(sockets.directory)], [true, true]);
    await disks.removeGone(async () => false);
    assert.deepEqual(
      [existsSync(disk), existsSync(`${disk}.img`), isMounted(sockets.directory)],
      [false, false, false],
    );
  },
);

test(
  'a directory for sockets that could not be created, such as on a full disk, is created at the next start',
  { timeout: 60_000 },
  async (t) => {
    const { home, disks } = await disksOf(t);
    const projectId = newId('prj', Date.now());
    await mkdir(home.paths.run, { recursive: true });
    await rm(join(home.paths.run, 'fn'), { recursive: true, force: true });
    await writeFile(join(home.paths.run, 'fn'), 'in the way');
    await assert.rejects(disks.socketsOf(projectId));
    await rm(join(home.paths.run, 'fn'));
    assert.equal((await disks.socketsOf(projectId)).bounded, true);
  },
);

test(
  'the disk of a project whose record cannot be read stays as long as a host leads to it',
  { timeout: 60_000 },
  async (t) => {
    const home = await openTestingHome({ cacheMb: 32 });
    t.after(() => home.remove());
    const [damaged, gone] = [newId('prj', Date.now()), newId('prj', Date.now())];
    const before = new ProjectDisks(home.paths, home.ports.settings);
    for (const projectId of [damaged, gone]) await before.cacheOf(projectId, newId('dpl', Date.now()));
    await before.close();
    const aliases = { listByProject: async (projectId: ProjectId) => (projectId === damaged ? [{} as Alias] : []) };
    const launcher = new SandboxedInstanceFactory({
      ...home.ports,
      projects: { ...home.ports.projects, get: async () => undefined },
      aliases,
    });
    const image = (projectId: ProjectId): string => join(home.paths.functionDisks, `${projectId}.img`);
    await until('unowned directories were removed', () => !existsSync(image(gone)));
    await until('the other is mounted', () => isMounted(join(home.paths.functionDisks, damaged)));
    await launcher.close();
    assert.ok(existsSync(image(damaged)));
  },
);

test(
  'a function that fills what its project has for sockets costs its project new starts, and nothing rejects',
  { timeout: 60_000 },
  async (t) => {
    const { home, disks } = await disksOf(t);
    const identity = newId('prj', Date.now());
    const { directory } = await disks.socketsOf(identity);
    await assert.rejects(
      async () => {
        for (let i = 0; ; i++) await writeFile(join(directory, `file-${i}`), '');
      },
      { code: 'ENOSPC' },
    );
    const plan: InstancePlan = {
      deploymentId: newId('dpl', Date.now()),
      identity,
      command: { argv: ['/bin/true'], env: {}, cwd: '/' },
      memoryMb: 64,
      tree: home.paths.data,
      node: home.paths.data,
      modules: home.paths.data,
      cache: home.paths.data,
      enforced: true,
      secrets: [],
    };
    const warmSandboxes = new WarmSandboxPool({ ...home.ports, disks });
    await warmSandboxes.warm(plan);
    assert.equal(warmSandboxes.count(), 0);
    const refused = await warmSandboxes.claim(plan);
    assert.match(refused.ok ? '' : (refused.error.cause ?? ''), /ENOSPC/);
    await warmSandboxes.close();
  },
);

test(
  'a disk that could not be mounted is mounted later, but not under instances that run without it',
  { timeout: 60_000 },
  async (t) => {
    const { home } = await disksOf(t);
    const [projectId, deploymentId] = [newId('prj', Date.now()), newId('dpl', Date.now())];
    const path = join(home.paths.functionDisks, 'fake');
    await mkdir(path, { recursive: true });
    let [mountable, attempts, open, now] = [false, 0, 0, 0];
    const free = async () => ({ usedMb: 0, sizeMb: 32, full: false });
    const fake = {
      async open() {
        attempts++;
        open++;
        return ok({ path, hard: mountable, free, close: async () => void open-- });
      },
      remove: async () => true,
    };
    const disks = new ProjectDisks(
      home.paths,
      { cacheMb: 32, reserveMb: 0, diskLookMs: 60_000 },
      { disks: fake, now: () => now },
    );
    t.after(() => disks.close());
    const enforced = async (): Promise<boolean> => (await disks.cacheOf(projectId, deploymentId)).enforced;
    await mkdir(join(path, deploymentId));
    await writeFile(join(path, deploymentId, 'tags.log'), 'of an earlier mount');
    assert.equal(await enforced(), false);
    assert.equal(open, 0, 'what could not be mounted does not count as in use');
    await writeFile(join(home.paths.deploymentCache(deploymentId), 'tags.log'), 'kept');
    const leave = await disks.use(projectId, { deploymentId, note: () => undefined, stop: () => undefined }, false);
    mountable = true;
    now = 3_600_000;
    assert.equal(await enforced(), false, 'an instance writes to the directory that a mount would remove');
    leave();
    now += 59_000;
    assert.equal(await enforced(), false, 'another may have been planned');
    assert.equal(attempts, 1);
    now += 61_000;
    assert.equal(await enforced(), true);
    assert.equal(
      readFileSync(join(home.paths.deploymentCache(deploymentId), 'tags.log'), 'utf8'),
      'of an earlier mount\nkept',
    );
    assert.deepEqual([attempts, open], [2, 1]);
  },
);

test(
  'while a disk cannot be mounted, a deployment keeps the invalidated tags that are on it, and they are there once after a mount',
  { timeout: 60_000 },
  async (t) => {
    const { home, disks, open } = await disksOf(t);
    const [projectId, deploymentId] = [newId('prj', Date.now()), newId('dpl', Date.now())];
    const tagLog = join(home.paths.deploymentCache(deploymentId), 'tags.log');
    const { cache } = await disks.cacheOf(projectId, deploymentId);
    await writeFile(join(cache, 'tags.log'), '{"tag":"a","at":1}\n');
    await disks.close();
    const real = new Disks(home.paths.functionDisks, 'other', { durable: true });
    let [mountable, now] = [false, 0];
    const later = open({
      now: () => now,
      disks: {
        open: async (...disk) =>
          mountable ? real.open(...disk) : fail('sandbox_unavailable', 'No loop device', 'Wait.'),
        remove: (name) => real.remove(name),
      },
    });
    assert.equal((await later.cacheOf(projectId, deploymentId)).enforced, false);
    assert.equal(readFileSync(tagLog, 'utf8'), '{"tag":"a","at":1}\n');
    await appendFile(tagLog, '{"tag":"b","at":2}\n');
    assert.equal((await later.cacheOf(projectId, deploymentId)).enforced, false);
    [mountable, now] = [true, 3_600_000];
    assert.equal((await later.cacheOf(projectId, deploymentId)).enforced, true);
    assert.equal(readFileSync(tagLog, 'utf8'), '{"tag":"a","at":1}\n{"tag":"b","at":2}\n');
  },
);

test(
  'the record of invalidated tags moves to a disk that is full, and replaces what a function put in its place',
  { timeout: 60_000 },
  async (t) => {
    const { home, disks, fill } = await disksOf(t, { cacheMb: 32, diskLookMs: 600_000 });
    const [projectId, deploymentId] = [newId('prj', Date.now()), newId('dpl', Date.now())];
    const link = home.paths.deploymentCache(deploymentId);
    const record = '{"tag":"a","at":1}\n'.repeat(50_000);
    for (const inTheWay of [undefined, '/etc/passwd']) {
      const { cache } = await disks.cacheOf(projectId, deploymentId);
      if (inTheWay !== undefined) {
        await rm(join(cache, 'tags.log'));
        await symlink(inTheWay, join(cache, 'tags.log'));
      } else await assert.rejects(fill(projectId, cache, 64), { code: 'ENOSPC' });
      await rm(link);
      await mkdir(link);
      await writeFile(join(link, 'tags.log'), record);
      assert.equal((await disks.cacheOf(projectId, deploymentId)).enforced, true);
      assert.equal(readFileSync(join(cache, 'tags.log'), 'utf8').trim(), record.trim());
    }
  },
);
