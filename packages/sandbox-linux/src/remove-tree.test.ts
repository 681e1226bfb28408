import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { removeTree } from './remove-tree.ts';

/** Keeps making a full directory `d` in its working directory, and swapping it for a link to the directory given. */
const SWAPPER = `
const { mkdirSync, writeFileSync, renameSync, symlinkSync, unlinkSync } = require('node:fs');
const quietly = (work) => { try { work(); } catch {} };
for (;;) {
  quietly(() => { mkdirSync('d'); for (let i = 0; i < 100; i++) writeFileSync('d/f' + i, ''); });
  for (let i = 0; i < 50; i++) quietly(() => { renameSync('d', 'e'); symlinkSync(process.argv[1], 'd'); unlinkSync('d'); renameSync('e', 'd'); });
}`;

test('a directory that is swapped for a link while it is removed leads nowhere else', async (t) => {
  const home = await mkdtemp(join(tmpdir(), 'anchor-test-remove-'));
  t.after(() => rm(home, { recursive: true, force: true }));
  const [own, others] = [join(home, 'own'), join(home, 'others')];
  for (const directory of [own, others]) await mkdir(directory);
  for (let i = 0; i < 100; i++) await writeFile(join(others, `f${i}`), '');
  const swapper = spawn(process.execPath, ['--eval', SWAPPER, others], { cwd: own, stdio: 'ignore' });
  try {
    const until = Date.now() + 3_000;
    while (Date.now() < until) {
      for (const name of await readdir(own)) await removeTree(join(own, name));
      assert.equal((await readdir(others)).length, 100);
    }
  } finally {
    swapper.kill('SIGKILL');
    await new Promise((resolve) => swapper.once('exit', resolve));
  }
  await removeTree(own);
  assert.equal(existsSync(own), false);
});
