import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { eventually } from '@anchor/testing/eventually.ts';
import { CgroupsV2 } from './cgroups-v2.ts';
import { openCgroups } from './cgroups.ts';

const limits = { memoryMb: 64, cpus: 0.5, processes: 20 };

/** A directory with the files that the unified hierarchy has. The kernel itself is not there to act on them. */
const unified = async (): Promise<string> => {
  const root = await mkdtemp(join(tmpdir(), 'anchor-test-'));
  for (const dir of ['', 'anchor-0a', 'anchor-0a/1-2']) {
    mkdirSync(join(root, dir), { recursive: true });
    writeFileSync(join(root, dir, 'cgroup.controllers'), 'cpuset cpu io memory pids\n');
    writeFileSync(join(root, dir, 'cgroup.subtree_control'), dir === '' ? 'memory pids' : '');
  }
  const leaf = join(root, 'anchor-0a/1-2/one');
  mkdirSync(leaf);
  const files = {
    'memory.swap.max': 'max',
    'cpu.weight': '100',
    'io.weight': 'default 100',
    'cgroup.kill': '',
    'cgroup.procs': '',
    'memory.peak': String(33 * 2 ** 20 + 1),
    'memory.stat': `anon ${20 * 2 ** 20}\nfile ${9 * 2 ** 20}\nkernel ${2 ** 20}\nshmem ${2 ** 20}\nfile_mapped 4096\n`,
    'memory.events': 'low 0\nmax 7\noom 2\noom_kill 1\n',
    'pids.events': 'max 3\n',
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(leaf, name), text);
  return root;
};

test('on the unified hierarchy controllers are handed down and each limit is one file of the leaf', async (t) => {
  const root = await unified();
  t.after(() => rm(root, { recursive: true, force: true }));
  const groups = openCgroups('0a', `cgroup2 ${root} cgroup2 rw 0 0\n`);
  assert.ok(groups !== undefined);
  const group = groups.create('1-2', 'one', limits, 10);
  const at = (path: string): string => readFileSync(join(root, path), 'utf8');
  // The kernel adds each write; here the last write remains: the optional controller after the needed ones.
  for (const dir of ['', 'anchor-0a/', 'anchor-0a/1-2/']) assert.equal(at(`${dir}cgroup.subtree_control`), '+io');
  const leaf = (name: string): string => at(`anchor-0a/1-2/one/${name}`);
  assert.equal(leaf('memory.max'), String(64 * 2 ** 20));
  assert.equal(leaf('memory.swap.max'), '0');
  assert.equal(leaf('pids.max'), '24');
  assert.equal(leaf('cpu.max'), '50000 100000');
  assert.equal(leaf('cpu.weight'), '100');
  assert.equal(leaf('io.weight'), '100');
  assert.deepEqual(group.procsFiles, [join(root, 'anchor-0a/1-2/one/cgroup.procs')]);
  assert.deepEqual(group.usage(), { memoryPeakMb: 34, residentMb: 21, oomKills: 1, processLimitHits: 3 });
  assert.deepEqual(groups.owners(), ['1-2']);
});

test('the group of an owner weighs as much as its heaviest sandbox: builds of one process yield to functions of another', async (t) => {
  const root = await unified();
  t.after(() => rm(root, { recursive: true, force: true }));
  const owner = join(root, 'anchor-0a/1-2/cpu.weight');
  writeFileSync(owner, '100');
  const groups = new CgroupsV2(root, 'anchor-0a');
  groups.create('1-2', 'one', limits, 1);
  assert.equal(readFileSync(owner, 'utf8'), '10');
  groups.create('1-2', 'two', limits, 10);
  assert.equal(readFileSync(owner, 'utf8'), '100');
  groups.create('1-2', 'three', limits, 1);
  assert.equal(readFileSync(owner, 'utf8'), '100');
});

test('what can wait is in a group beside live traffic that yields at once; where the kernel does not know that, it has a tenth of the weight', async (t) => {
  const root = await unified();
  t.after(() => rm(root, { recursive: true, force: true }));
  const low = join(root, 'anchor-0a-low');
  const files = (of: string, all: Readonly<Record<string, string>>): void => {
    mkdirSync(of, { recursive: true });
    for (const [name, text] of Object.entries(all)) writeFileSync(join(of, name), text);
  };
  for (const dir of [low, join(low, '1-2')])
    files(dir, { 'cgroup.subtree_control': 'memory pids cpu', 'cpu.weight': '100' });
  const groups = openCgroups('0a', `cgroup2 ${root} cgroup2 rw 0 0\n`);
  assert.ok(groups !== undefined);
  groups.create('1-2', 'one', limits, 10);
  assert.equal(existsSync(join(low, '1-2/one')), false);
  assert.deepEqual(groups.create('1-2', 'two', limits, 1).procsFiles, [join(low, '1-2/two/cgroup.procs')]);
  assert.equal(readFileSync(join(low, 'cpu.weight'), 'utf8'), '10');
  files(low, { 'cpu.idle': '0', 'cpu.weight': '100' });
  groups.create('1-2', 'three', limits, 1);
  assert.deepEqual(
    [readFileSync(join(low, 'cpu.idle'), 'utf8'), readFileSync(join(low, 'cpu.weight'), 'utf8')],
    ['1', '100'],
    'an idle group has no weight to be set',
  );
});

test('on the unified hierarchy a group ends by stopping new processes, killing all and waiting until it is gone', async (t) => {
  const root = await unified();
  t.after(() => rm(root, { recursive: true, force: true }));
  const group = new CgroupsV2(root, 'anchor-0a').create('1-2', 'one', limits, 1);
  const leaf = join(root, 'anchor-0a/1-2/one');
  const removing = group.remove();
  await eventually(() => {
    assert.equal(readFileSync(join(leaf, 'cgroup.kill'), 'utf8'), '1');
    assert.equal(readFileSync(join(leaf, 'pids.max'), 'utf8'), '0');
  });
  await rm(leaf, { recursive: true });
  await removing;
});

test('a machine without the controllers is recognized', async (t) => {
  const root = await mkdtemp(join(tmpdir(), 'anchor-test-'));
  t.after(() => rm(root, { recursive: true, force: true }));
  writeFileSync(join(root, 'cgroup.controllers'), 'cpu io\n');
  assert.equal(openCgroups('0a', `cgroup2 ${root} cgroup2 rw 0 0\n`), undefined);
  assert.equal(openCgroups('0a', 'tmpfs /tmp tmpfs rw 0 0\n'), undefined);
});

test('on this machine a process that joins is bound, and its group goes with everything that it started', async () => {
  const groups = openCgroups(`test${process.pid.toString(16)}`);
  assert.ok(groups !== undefined);
  const group = groups.create('1-1', 'one', limits, 1);
  const child = spawn(
    '/bin/sh',
    ['-c', 'for file; do echo 0 > "$file"; done; sleep 600 & echo ready; wait', 'sh', ...group.procsFiles],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  await once(child.stdout, 'data');
  const ended = once(child, 'exit');
  for (const file of group.procsFiles) assert.ok(readFileSync(file, 'utf8').split('\n').includes(String(child.pid)));
  await group.remove();
  await ended;
  for (const file of group.procsFiles) assert.equal(existsSync(file), false);
  await groups.removeOwner('1-1');
  groups.removeInstance();
  assert.deepEqual(groups.owners(), []);
});
