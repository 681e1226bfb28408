import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { processorGroups } from './edge-group.ts';
import { instanceOf } from './identity.ts';

const MODULE = fileURLToPath(new URL('./edge-group.ts', import.meta.url));
const PROGRAM = `import { joinEdgeGroup } from ${JSON.stringify(MODULE)};
const group = joinEdgeGroup(process.argv[1]);
process.on('message', () => { group.leave(); process.send('left'); });
process.send('joined');`;

test('workers of one platform share a group of its own, and the last one that leaves removes it', async (t) => {
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
});

test('a machine with one hierarchy a controller, and one with the unified one', () => {
  const v1 = 'tmpfs /sys/fs/cgroup tmpfs rw 0 0\ncgroup /sys/fs/cgroup/memory cgroup rw,memory 0 0\ncgroup /sys/fs/cgroup/cpu cgroup rw,cpu,cpuacct 0 0\ncgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\n';
  assert.deepEqual(processorGroups(v1, '5:cpuacct,cpu:/mine\n4:memory:/other\n0::/x\n'), { root: '/sys/fs/cgroup/cpu', own: '/mine', unified: false });
  assert.deepEqual(processorGroups('cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n', '0::/system.slice/anchor.service\n'), { root: '/sys/fs/cgroup', own: '/system.slice/anchor.service', unified: true });
  assert.equal(processorGroups('proc /proc proc rw 0 0\n', ''), undefined);
});

async function worker(t: TestContext, data: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', PROGRAM, data], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
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
  const place = processorGroups(readFileSync('/proc/self/mounts', 'utf8'), readFileSync(`/proc/${pid}/cgroup`, 'utf8'));
  return place === undefined ? '' : join(place.root, place.own);
}
