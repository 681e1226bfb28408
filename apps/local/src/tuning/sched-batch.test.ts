import { execFile, spawnSync } from 'node:child_process';
import assert from 'node:assert/strict';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { schedBatchPrefix } from './sched-batch.ts';

/** Number of the policy in the 41st field of /proc/<pid>/stat, sched(7). */
const BATCH = '3';
const POLICY = `const { readFileSync } = require('node:fs'); const stat = readFileSync('/proc/self/stat', 'utf8'); console.log(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[38], process.pid)`;

test('a program that is started so is scheduled in batches, under the process id that was started', async () => {
  const [program = '', ...args] = [...schedBatchPrefix(process.env, '6.12.0'), process.execPath, '-e', POLICY];
  const running = promisify(execFile)(program, args);
  const { stdout } = await running;
  assert.deepEqual(stdout.trim().split(' '), [BATCH, String(running.child.pid)]);
});

test('where chrt is missing or refused programs are started as they are', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'anchor-chrt-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  assert.deepEqual(schedBatchPrefix({ PATH: directory }, '6.12.0'), []);
  await writeFile(
    join(directory, 'chrt'),
    '#!/bin/sh\necho "chrt: failed to set pid 0\'s policy: Operation not permitted" >&2\nexit 1\n',
  );
  await chmod(join(directory, 'chrt'), 0o755);
  assert.notEqual(spawnSync(join(directory, 'chrt')).status, 0);
  assert.deepEqual(schedBatchPrefix({ PATH: `${directory}:${process.env['PATH']}` }, '6.12.0'), []);
});

test('where the kernel would not preempt builds, programs are started without the prefix', () => {
  for (const kernel of ['4.19.0-27-amd64', '5.15.0-130-generic', '6.1.0-30-amd64', '6.8.0-51-generic', '6.11.11', ''])
    assert.deepEqual(schedBatchPrefix(process.env, kernel), [], kernel);
  for (const kernel of ['6.12.0', '6.18.44-fc', '7.0.0-rc1'])
    assert.deepEqual(schedBatchPrefix(process.env, kernel), ['chrt', '-b', '0'], kernel);
});
