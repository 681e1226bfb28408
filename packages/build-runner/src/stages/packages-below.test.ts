import { strict as assert } from 'node:assert';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { findCachedTree } from '../install/dependency-cache.ts';
import { versionFolders } from '@anchor/packaging/detect/folders.ts';
import { packagesBelow } from '@anchor/packaging/detect/packages-below.ts';
import type { WorkDisk } from '../disk/work-disk.ts';

function checkout(t: TestContext, files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), 'anchor-test-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(root, path, '..'), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

test('of the packages of a monorepo only the fields of detection are stored, whatever else they hold', async (t) => {
  const filler = `"filler":[${'[],'.repeat(60_000)}0]`;
  const root = checkout(t, {
    'package.json': '{}',
    'apps/web/package.json': `\uFEFF{"name":"web","private":true,"scripts":{"start":"node a.js","odd":[1],"long":"${'x'.repeat(9_000)}"},"dependencies":{"next":"16"},"exports":{},${filler}}`,
    'apps/big/package.json': `{"name":"big","scripts":{"start":"x"},"filler":"${'x'.repeat(300_000)}"}`,
    'apps/list/package.json': '[1]',
    'apps/broken/package.json': '{',
  });
  assert.deepEqual(
    [...(await packagesBelow(root, ''))],
    [
      [
        'apps/web',
        {
          name: 'web',
          private: true,
          scripts: { start: 'node a.js' },
          dependencies: { next: '16' },
          devDependencies: {},
          exports: true,
        },
      ],
    ],
  );
});

test('a package.json of megabytes in the folders around a project is not parsed', async (t) => {
  const root = checkout(t, {
    'package.json': `{"engines":{"node":"20"},"filler":"${'x'.repeat(300_000)}"}`,
    'a/package.json': '{"engines":{"node":"22"}}',
  });
  const folders = await versionFolders(root, 'a');
  assert.deepEqual(
    folders.map(({ folder, packageJson }) => [folder, packageJson === undefined]),
    [
      ['a', false],
      ['', true],
    ],
  );
});

test('a cached tree whose index was cut off by a crash is invalid', async (t) => {
  const root = checkout(t, {
    'trees/k/index.json': '{"paths":["node_mo',
    'trees/e/index.json': '',
    'trees/g/index.json': '{"paths":["node_modules"],"skipped":[]}',
  });
  const work = { scope: () => root } as unknown as WorkDisk;
  assert.equal(await findCachedTree(work, 's', 'k'), undefined);
  assert.equal(await findCachedTree(work, 's', 'e'), undefined);
  assert.deepEqual((await findCachedTree(work, 's', 'g'))?.paths, ['node_modules']);
});
