import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import assert from 'node:assert/strict';

test('a git that cannot be started, because too many files are open, is an error and not the end of the process', async () => {
  const script = `
    import { openSync, closeSync } from 'node:fs';
    import { Git } from ${JSON.stringify(new URL('git.ts', import.meta.url).href)};
    const git = new Git();
    const before = (await git.run('/', ['version'])).code;
    const open = [];
    try { for (;;) open.push(openSync('/dev/null')); } catch {}
    const during = (await git.run('/', ['version'])).code;
    for (const each of open) closeSync(each);
    const after = (await git.run('/', ['version'])).code;
    console.log(JSON.stringify({ before, during, after }));
  `;
  const { stdout } = await promisify(execFile)('/bin/sh', [
    '-c',
    'ulimit -n 80; exec "$0" --input-type=module -e "$1"',
    process.execPath,
    script,
  ]);
  assert.deepEqual(JSON.parse(stdout), { before: 0, during: null, after: 0 });
});
