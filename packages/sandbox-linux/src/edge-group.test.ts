import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { processorGroup, sweepEdgeGroup } from './edge-group.ts';
import { instanceOf } from './identity.ts';

const MODULE = fileURLToPath(new URL('./edge-group.ts', import.meta.url));
const PROGRAM = `import { writeFileSync } from 'node:fs';
import { joinEdgeGroup } from ${JSON.stringify(MODULE)};
if (process.argv[2] !== '') writeFileSync(process.argv[2] + '/cgroup.procs', '0');
const group = joinEdgeGroup(process.argv[1]);
process.on('message', () => { group.leave(); process.send('left'); });
process.send('joined');`;

const skip =
  processorGroup(readFileSync('/proc/self/mounts', 'utf8'), '') === undefined
    ? 'processors have no hierarchy of their own here'
    : false;

test(
  'workers of one platform share a group of its own, and the last one that leaves removes it',
  { skip },
  async (t) => {
    const data = mkdtempSync(join(tmpdir(), 'anchor-test-'));
    t.after(() => rmSync(data, { recursive: true, force: true }));
    const workers = [await worker(t, data), await worker(t, data)];
    const groups = workers.map(({ pid }) => groupOf(pid));
    assert.equal(groups[0], groups[1]);
    assert.equal(groups[0]?.endsWith(`/anchor-${instanceOf(data)}-edge`), true, String(groups[0]));
    for (const [i, child] of workers.entries()) {
      child.send('leave');
      await once(child, 'message');
      assert.notEqual(groupOf(child.pid), groups[0]);
      assert.equal(existsSync(groups[0] ?? ''), i === 0);
    }
  },
);

test('killed workers leave a group that a sweep removes, and one that is in use stays', { skip }, async (t) => {
  const data = mkdtempSync(join(tmpdir(), 'anchor-test-'));
  t.after(() => rmSync(data, { recursive: true, force: true }));
  const child = await worker(t, data);
  const group = groupOf(child.pid);
  sweepEdgeGroup(data);
  assert.equal(existsSync(group), true);
  child.kill('SIGKILL');
  await once(child, 'exit');
  assert.equal(existsSync(group), true);
  sweepEdgeGroup(data);
  assert.equal(existsSync(group), false);
});

test('the limits of the group that a worker was started in hold for it', { skip }, async (t) => {
  const data = mkdtempSync(join(tmpdir(), 'anchor-test-'));
  t.after(() => rmSync(data, { recursive: true, force: true }));
  const around = join(groupOf(process.pid), `anchor-test-${process.pid}`);
  mkdirSync(around);
  t.after(() => rmdirSync(around));
  const child = await worker(t, data, around);
  assert.equal(dirname(groupOf(child.pid)), around);
  child.send('leave');
  await once(child, 'message');
  assert.equal(groupOf(child.pid), around);
  child.kill('SIGKILL');
  await once(child, 'exit');
});

test('the hierarchy that divides processors, where there is one of its own', () => {
  const v1 =
    'tmpfs /sys/fs/cgroup tmpfs rw 0 0\ncgroup /sys/fs/cgroup/memory cgroup rw,memory 0 0\ncgroup /sys/fs/cgroup/cpu cgroup rw,cpu,cpuacct 0 0\ncgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\n';
  assert.equal(processorGroup(v1, '5:cpuacct,cpu:/mine\n4:memory:/other\n0::/x\n'), '/sys/fs/cgroup/cpu/mine');
  assert.equal(
    processorGroup('cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n', '0::/system.slice/anchor.service\n'),
    undefined,
  );
});

async function worker(t: TestContext, data: string, around?: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', PROGRAM, data, around ?? ''], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  t.after(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  });
  assert.deepEqual(await once(child, 'message').then(([message]) => message as unknown), 'joined');
  return child;
}

/** The directory of the group that divides processors for a process. */
function groupOf(pid: number | undefined): string {
  return processorGroup(readFileSync('/proc/self/mounts', 'utf8'), readFileSync(`/proc/${pid}/cgroup`, 'utf8')) ?? '';
}
