import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { test } from 'node:test';
import { openCgroups } from './cgroups.ts';

const SPIN = 'for (;;);';
const secondsOf = (pid: number): number => {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
};

test(
  'beside endless work of live traffic and of other programs what can wait gets its floor within ten seconds',
  { timeout: 60_000 },
  async (t) => {
    const groups = openCgroups(`test${process.pid.toString(16)}`);
    assert.ok(groups !== undefined);
    const limits = { memoryMb: 256, cpus: availableParallelism(), processes: 50 };
    const [build, live] = [groups.create('1-1', 'build', limits, 1), groups.create('1-1', 'live', limits, 10)];
    t.after(async () => {
      await Promise.all([build.remove(), live.remove()]);
      await groups.removeOwner('1-1');
      groups.removeInstance();
    });
    const spin = async (procsFiles: readonly string[]): Promise<number> => {
      const child = spawn(
        '/bin/sh',
        [
          '-c',
          'node=$1; shift; for file; do echo 0 > "$file"; done; echo ready; exec "$node" -e "$SPIN"',
          'sh',
          process.execPath,
          ...procsFiles,
        ],
        { stdio: ['ignore', 'pipe', 'inherit'], env: { SPIN } },
      );
      t.after(() => child.kill('SIGKILL'));
      await once(child.stdout, 'data');
      return child.pid ?? 0;
    };
    for (let core = 0; core < availableParallelism(); core++)
      for (const procsFiles of [[], [], live.procsFiles]) await spin(procsFiles);
    const builders = await Promise.all(Array.from({ length: availableParallelism() }, () => spin(build.procsFiles)));
    // The weight has found its value after some looks.
    const used = (): number => builders.reduce((sum, pid) => sum + secondsOf(pid), 0);
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    const [before, startedAt] = [used(), performance.now()];
    await new Promise((resolve) => setTimeout(resolve, 8_000));
    const part = (used() - before) / (((performance.now() - startedAt) / 1_000) * availableParallelism());
    assert.ok(part > 0.15 && part < 0.5, `${(100 * part).toFixed(0)} % of the machine`);
  },
);
