import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, beforeEach, test } from 'node:test';
import { nextOutput } from './next-output.ts';

const directories: string[] = [];
let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'anchor-test-'));
  directories.push(root);
});
after(() => Promise.all(directories.map((path) => rm(path, { recursive: true, force: true }))));
const put = async (...paths: readonly string[]): Promise<void> => {
  for (const path of paths) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), '');
  }
};
const FILE = 'required-server-files.json';

test('the output folder is found where the app puts it: the usual one, another, and one two or three folders deep', async () => {
  await put(`build/next/${FILE}`, `node_modules/next/${FILE}`, 'app/page.js');
  assert.equal(await nextOutput(FILE, root, ''), 'build/next');
  await put(`a/b/c/${FILE}`);
  assert.equal(await nextOutput(FILE, root, ''), 'build/next', 'the nearest');
  await put(`.next/${FILE}`);
  assert.equal(await nextOutput(FILE, root, ''), '.next');
});

test('an app in a workspace may have its output below the root of the repository, as Nx puts it', async () => {
  await put(`dist/apps/shop/.next/${FILE}`, `dist/apps/admin/.next/${FILE}`, 'apps/shop/app/page.js');
  assert.equal(await nextOutput(FILE, root, 'apps/shop'), '../../dist/apps/shop/.next');
  await put(`apps/shop/out/next/${FILE}`);
  assert.equal(await nextOutput(FILE, root, 'apps/shop'), 'out/next');
});

test('links are not followed, and what is not there is not found', async () => {
  const outside = await mkdtemp(join(tmpdir(), 'anchor-test-'));
  directories.push(outside);
  await writeFile(join(outside, FILE), '');
  await symlink(outside, join(root, 'linked'));
  assert.equal(await nextOutput(FILE, root, ''), undefined);
});
