import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryDirectory } from '@anchor/testing/temporary.ts';

test(
  'the thread that reads large manifests fits into the least memory that an edge worker gets without a setting',
  { timeout: 60_000 },
  async (t) => {
    const directory = await temporaryDirectory();
    t.after(directory.remove);
    const manifest = join(directory.path, 'manifest');
    await writeFile(manifest, `{${' '.repeat(100_000)}`);
    const program = `
    const { limitOwnMemory } = await import('@anchor/sandbox-linux/memory-limit.ts');
    const { Indexer } = await import('@anchor/edge/routing/indexer.ts');
    if (!(await limitOwnMemory(512))) process.exit(9);
    const indexer = new Indexer();
    console.log('read: ' + typeof (await indexer.index(process.argv[1], 'one')));
    indexer.close();`;
    const { stdout, stderr, status } = spawnSync(
      process.execPath,
      [
        '--disable-warning=ExperimentalWarning',
        '--max-semi-space-size=16',
        '--input-type=module',
        '--eval',
        program,
        manifest,
      ],
      { cwd: import.meta.dirname, encoding: 'utf8' },
    );
    assert.deepEqual([stdout, status], ['read: string\n', 0], stderr.slice(0, 2_000));
  },
);
