import assert from 'node:assert/strict';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryDirectory } from '@anchor/testing/temporary.ts';
import { sitesOf, writtenFolders } from './written-folders.ts';

test('folders are found below the project, and none outside of the checkout, wherever links lead', async (t) => {
  const directory = await temporaryDirectory();
  t.after(directory.remove);
  const root = join(directory.path, 'checkout');
  await mkdir(join(directory.path, 'outside/private'), { recursive: true });
  await mkdir(join(root, 'site/public_html/deep'), { recursive: true });
  for (const folder of ['outside/private', 'checkout/site/public_html', 'checkout/site/public_html/deep'])
    await writeFile(join(directory.path, folder, 'index.html'), 'x');
  await symlink('../../outside', join(root, 'site/away'));
  await symlink('../outside', join(root, 'app'));
  const found = await writtenFolders(root, 'site', 0);
  assert.deepEqual(found.map(({ path }) => path).sort(), ['public_html', 'public_html/deep']);
  assert.deepEqual(sitesOf(found), ['public_html']);
  assert.deepEqual(await writtenFolders(root, 'app', 0), []);
});
