import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { memoryOfTree } from '../measure/memory.ts';
import { processorSeconds } from '../measure/processor.ts';
import { startNginx } from './nginx.ts';

const STARTS = 8;
const missing = spawnSync('nginx', ['-v']).error !== undefined;

test(
  'the processor time of nginx is read of all its workers, at every start',
  { skip: missing ? 'nginx is not installed' : false },
  async (context) => {
    const directory = await mkdtemp(join(tmpdir(), 'anchor-test-nginx-'));
    context.after(() => rm(directory, { recursive: true, force: true }));
    for (let i = 0; i < STARTS; i++) {
      const nginx = await startNginx(directory, directory, 9);
      try {
        const workers = memoryOfTree(nginx.pids[0] ?? 0).filter(({ command }) => command.startsWith('nginx: worker'));
        assert.equal(workers.length, cpus().length);
        for (const { pid } of workers) assert.ok(nginx.pids.includes(pid), `start ${i} misses the worker ${pid}`);
        assert.ok(processorSeconds(nginx.pids) >= 0);
      } finally {
        await nginx.stop();
      }
      assert.throws(() => processorSeconds(nginx.pids), /exited during the measurement/);
    }
  },
);
