import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { eventually } from '@anchor/testing/eventually.ts';
import { inSandbox, runIn } from '@anchor/testing/contracts/sandboxes.ts';
import { mountPoints } from './mount-points.ts';
import { instanceOf, ownerOf } from './identity.ts';
import { BubblewrapSandboxes } from './sandboxes.ts';
import { makeSandboxes } from './testing.ts';

/**
 * A platform of its own that starts a sandbox with a disk and a long-running program, has another whose program is only
 * named, and then waits.
 */
const PLATFORM = `
  const { BubblewrapSandboxes } = await import(process.argv[1]);
  const sandboxes = new BubblewrapSandboxes({ data: process.argv[2] });
  const disk = await sandboxes.openDisk({ name: 'left', identity: 'prj_left', sizeMb: 16 });
  const made = await sandboxes.create({ name: 'left', identity: 'prj_left', mounts: [{ kind: 'write', from: disk.value.path, to: '/disk' }], network: 'outbound', limits: { memoryMb: 64, cpus: 1, processes: 16 }, weight: 1 });
  await sandboxes.create({ name: 'ahead', identity: 'prj_left', mounts: [], network: 'none', limits: { memoryMb: 64, cpus: 1, processes: 16 }, weight: 1, prespawnArgv: ['/bin/sleep', '98765'] });
  const started = made.value.spawn({ argv: ['/bin/sh', '-c', 'echo made > /disk/file; setsid sleep 98765 & echo ready; sleep 98765'], env: { PATH: '/bin' }, cwd: '/' });
  for await (const part of started.stdout) process.stdout.write(part);
`;

const links = (instance: string): readonly string[] =>
  readdirSync('/sys/class/net').filter((name) => {
    try {
      return readFileSync(`/sys/class/net/${name}/ifalias`, 'utf8').trim() === `anchor-${instance}`;
    } catch {
      return false;
    }
  });
const processesOf = (cgroup: string): readonly string[] =>
  (existsSync(cgroup) ? readdirSync(cgroup, { recursive: true, encoding: 'utf8' }) : [])
    .filter((file) => file.endsWith('cgroup.procs'))
    .flatMap((file) => readFileSync(join(cgroup, file), 'utf8').split('\n').filter(Boolean));
// What it starts can wait.
const groupsOf = (instance: string): readonly string[] =>
  readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' '))
    .filter((words) => words[2]?.startsWith('cgroup') === true)
    .map((words) => join(words[1] ?? '', `anchor-${instance}-low`))
    .filter((path) => existsSync(path));

test('when the platform is killed its sandboxes end, and a sweep removes what they left and nothing else', async (t) => {
  const data = await mkdtemp(join(tmpdir(), 'anchor-test-'));
  t.after(() => rm(data, { recursive: true, force: true }));
  const other = await makeSandboxes();
  t.after(other.end);
  const platform = spawn(
    process.execPath,
    ['--input-type=module', '-e', PLATFORM, new URL('sandboxes.ts', import.meta.url).href, data],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  t.after(() => void platform.kill('SIGKILL'));
  const [first] = (await once(platform.stdout, 'data')) as [Buffer];
  assert.equal(first.toString(), 'ready\n');
  const instance = instanceOf(data);
  assert.equal(links(instance).length, 1);
  const groups = groupsOf(instance);
  assert.ok(groups.length > 0 && groups.every((group) => processesOf(group).length >= 4));

  await inSandbox(other.subject, { network: 'outbound' }, async (alive) => {
    const mine = new BubblewrapSandboxes({ data });
    await mine.sweep();
    assert.ok(
      groups.every((group) => processesOf(group).length >= 3),
      'a sweep beside a living platform',
    );
    assert.ok(mountPoints().includes(join(data, 'disks/left')));

    platform.kill('SIGKILL');
    await once(platform, 'exit');
    await eventually(() => assert.deepEqual(groups.flatMap(processesOf), []));
    await eventually(() => assert.deepEqual(links(instance), []));
    const dead = readdirSync(join(data, 'run/sandboxes')).filter((owner) => owner !== ownerOf(process.pid));
    assert.equal(dead.length, 1);

    await mine.sweep();
    assert.deepEqual(groupsOf(instance), []);
    assert.deepEqual(
      mountPoints().filter((path) => path.startsWith(data)),
      [],
    );
    assert.deepEqual(readdirSync(join(data, 'run/sandboxes')), [ownerOf(process.pid)]);
    const disk = await mine.openDisk({ name: 'left', identity: 'prj_left', sizeMb: 16 });
    assert.ok(disk.ok);
    assert.equal(readFileSync(join(disk.value.path, 'file'), 'utf8'), 'made\n', 'the cache is kept');
    await disk.value.close();
    assert.deepEqual((await runIn(alive, ['/bin/true'])).exit, { code: 0, signal: null });
    assert.equal(links(instanceOf(other.data)).length, 1);
  });
});

test('a platform that ends in order leaves nothing on the machine but its data directory', async () => {
  const { subject, data, end } = await makeSandboxes();
  const instance = instanceOf(data);
  assert.deepEqual(await subject.available(), { ok: true, value: undefined });
  assert.deepEqual(await subject.warm(2), { ok: true, value: undefined });
  assert.equal(links(instance).length, 2);
  await end();
  assert.deepEqual([links(instance), groupsOf(instance)], [[], []]);
});

test('a sandbox whose program cannot be spawned leaves nothing, and its name is free again', async (t) => {
  const { subject, data, end } = await makeSandboxes();
  t.after(end);
  const limits = { memoryMb: 64, cpus: 1, processes: 16 };
  const spec = { name: 'large', identity: 'prj_large', mounts: [], network: 'outbound', limits, weight: 1 } as const;
  // Longer than the kernel accepts.
  const created = await subject.create({ ...spec, prespawnArgv: ['/bin/true', 'x'.repeat(200_000)] });
  assert.equal(created.ok, false);
  assert.deepEqual([links(instanceOf(data)), groupsOf(instanceOf(data))], [[], []]);
  const retried = await subject.create(spec);
  assert.equal(retried.ok, true);
  if (retried.ok) await retried.value.destroy();
});

test('twelve sandboxes created and destroyed leave no descriptor, group, mount, link or file', async (t) => {
  const { subject, data, end } = await makeSandboxes();
  t.after(end);
  const once12 = async (): Promise<void> => {
    for (let round = 0; round < 4; round++) {
      await Promise.all(
        [0, 1, 2].map(() =>
          inSandbox(
            subject,
            { network: 'outbound', mounts: [{ kind: 'tmpfs', to: '/x', sizeMb: 1 }] },
            async (sandbox) => {
              assert.deepEqual((await runIn(sandbox, ['/bin/true'])).exit, { code: 0, signal: null });
            },
          ),
        ),
      );
    }
  };
  const owner = ownerOf(process.pid) ?? '';
  await inSandbox(subject, { network: 'outbound' }, (sandbox) => runIn(sandbox, ['/bin/true']));
  const descriptors = readdirSync('/proc/self/fd').length;
  await once12();
  await eventually(() =>
    assert.ok(
      readdirSync('/proc/self/fd').length <= descriptors,
      `${readdirSync('/proc/self/fd').length} descriptors, ${descriptors} before`,
    ),
  );
  assert.deepEqual(
    mountPoints().filter((path) => path.startsWith(data)),
    [],
  );
  assert.deepEqual(links(instanceOf(data)), []);
  assert.deepEqual(readdirSync(join(data, 'run/sandboxes', owner)), ['filter']);
  assert.deepEqual(groupsOf(instanceOf(data)), []);
});
