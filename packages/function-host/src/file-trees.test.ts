import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, readlink, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { test, type TestContext } from 'node:test';
import fc from 'fast-check';
import { openBlobStore } from '@anchor/adapter-local/blobs/blob-store.ts';
import { pathsIn } from '@anchor/adapter-local/paths.ts';
import { createFileTrees } from './file-trees.ts';
import { parseTree } from './tree-entries.ts';

async function setUp(t: TestContext) {
  const data = await mkdtemp(join(tmpdir(), 'anchor-test-'));
  t.after(() => rm(data, { recursive: true, force: true }));
  const paths = pathsIn(data);
  const blobs = openBlobStore(paths.blobs);
  const put = (text: string): Promise<string> => blobs.put(new TextEncoder().encode(text));
  const tree = (entries: readonly object[]): Promise<string> => put(JSON.stringify({ version: 1, entries }));
  return { paths, blobs, put, tree, trees: createFileTrees(paths, { blobs, blobFile: blobs.pathOf }) };
}

const bytes = (entries: readonly unknown[]): Uint8Array =>
  new TextEncoder().encode(JSON.stringify({ version: 1, entries }));
const hash = 'a'.repeat(64);
const file = (path: string) => ({ path, blob: hash, size: 1 });

test('a tree becomes a directory of read-only files that share their bytes with the blobs', async (t) => {
  const { paths, blobs, put, tree, trees } = await setUp(t);
  const text = await put('module.exports = 1');
  const root = await tree([
    { path: 'a/b/index.js', blob: text, size: 18 },
    { path: 'bin/run', blob: text, size: 18, executable: true },
    { path: 'a/link.js', link: 'b/index.js' },
  ]);
  const made = await trees.materialize(root);
  assert.ok(made.ok, JSON.stringify(made));
  assert.equal(made.value, join(paths.trees, root));
  assert.equal(await readFile(join(made.value, 'a/link.js'), 'utf8'), 'module.exports = 1');
  assert.equal(await readlink(join(made.value, 'a/link.js')), 'b/index.js');
  const [plain, executable, blob] = await Promise.all([
    stat(join(made.value, 'a/b/index.js')),
    stat(join(made.value, 'bin/run')),
    stat(blobs.pathOf(text)),
  ]);
  assert.equal(plain.ino, blob.ino, 'a hard link');
  assert.equal(plain.mode & 0o777, 0o444);
  assert.equal(executable.mode & 0o777, 0o555);
  assert.notEqual(executable.ino, blob.ino, 'a copy: the blob does not become executable');
});

test('folders may be as deep as a tree may have them', async (t) => {
  const { put, tree, trees } = await setUp(t);
  const path = `${'d/'.repeat(128)}f`;
  const made = await trees.materialize(
    await tree([
      { path, blob: await put('deep'), size: 4 },
      { path: 'e/f', blob: await put('flat'), size: 4 },
    ]),
  );
  assert.ok(made.ok, JSON.stringify(made));
  assert.equal(await readFile(join(made.value, path), 'utf8'), 'deep');
});

test('many makers of one tree at once leave one directory and nothing else', async (t) => {
  const { paths, put, tree, blobs } = await setUp(t);
  const text = await put('x');
  const root = await tree(Array.from({ length: 200 }, (_, i) => ({ path: `d${i % 7}/f${i}`, blob: text, size: 1 })));
  const makers = Array.from({ length: 8 }, () => createFileTrees(paths, { blobs, blobFile: blobs.pathOf }));
  const made = await Promise.all(makers.map((maker) => maker.materialize(root)));
  assert.ok(made.every((result) => result.ok));
  assert.deepEqual(await readdir(paths.trees), [root]);
  assert.equal((await readdir(join(paths.trees, root), { recursive: true })).length, 207);
});

test('a tree whose blob is missing is refused and leaves nothing', async (t) => {
  const { paths, tree, trees } = await setUp(t);
  const made = await trees.materialize(await tree([file('index.js')]));
  assert.equal(made.ok ? 'ok' : made.error.code, 'artifact_invalid');
  assert.deepEqual(await readdir(paths.trees), []);
  const unknown = await trees.materialize(hash);
  assert.equal(unknown.ok ? 'ok' : unknown.error.code, 'artifact_invalid');
});

test('a removed tree is gone, and its blobs stay', async (t) => {
  const { paths, blobs, put, tree, trees } = await setUp(t);
  const text = await put('x');
  const root = await tree([{ path: 'f', blob: text, size: 1 }]);
  assert.ok((await trees.materialize(root)).ok);
  await trees.remove(root);
  await trees.remove(root);
  await trees.remove('../blobs');
  assert.deepEqual(await readdir(paths.trees), []);
  assert.ok(await blobs.has(text));
});

test('a blob store without files of its own has its bytes copied', async (t) => {
  const { paths, blobs, put, tree } = await setUp(t);
  const text = await put('x');
  const made = await createFileTrees(paths, { blobs }).materialize(await tree([{ path: 'f', blob: text, size: 1 }]));
  assert.ok(made.ok);
  const [copy, blob] = await Promise.all([stat(join(made.value, 'f')), stat(blobs.pathOf(text))]);
  assert.notEqual(copy.ino, blob.ino);
  assert.equal(copy.mode & 0o777, 0o444);
});

test('file lists that leave the tree or write over themselves are refused', () => {
  for (const entries of [
    [file('/etc/passwd')],
    [file('../x')],
    [file('a/../../x')],
    [file('a//b')],
    [file('./a')],
    [file('')],
    [file('a/')],
    [file('a\0b')],
    [file('a'), file('a')],
    [file('a'), file('a/b')],
    [file('a/b'), file('a')],
    [{ path: 'l', link: 'x' }, file('l/passwd')],
    [{ path: 'l', link: '/etc' }],
    [{ path: 'l', link: '../x' }],
    [{ path: 'a/l', link: '../../x' }],
    [{ path: 'l', link: 'a/../../x' }],
    [{ path: 'l', link: '' }],
    [
      { path: 'a/b/x', link: '../..' },
      { path: 'a/b/l', link: 'x/../../blobs' },
    ],
    [file(`${'d/'.repeat(129)}f`)],
    [{ path: 'a' }],
    [{ path: 'a', blob: 'zz', size: 1 }],
  ]) {
    const parsed = parseTree(bytes(entries));
    assert.equal(parsed.ok ? 'ok' : parsed.error.code, 'artifact_invalid', JSON.stringify(entries));
  }
  for (const entries of [
    [],
    [file('a'), file('b/a'), file('b.js')],
    [{ path: 'a/b/l', link: '../../x' }],
    [file('ab'), file('a/b')],
    [file('...')],
  ]) {
    assert.ok(parseTree(bytes(entries)).ok, JSON.stringify(entries));
  }
});

test('whatever the file list contains, an accepted path and link stay inside', () => {
  const part = fc.constantFrom('a', 'b', '..', '.', '', 'c d', '\0', '...', '/');
  const path = fc.array(part, { maxLength: 5 }).map((parts) => parts.join('/'));
  const entry = fc.oneof(path.map(file), fc.record({ path, link: path }));
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 5 }), (entries) => {
      const parsed = parseTree(bytes(entries));
      if (!parsed.ok) return;
      const inside = (path: string): boolean => resolve('/root/tree', path).startsWith('/root/tree/');
      for (const entry of parsed.value.entries) {
        assert.ok(inside(entry.path));
        if ('link' in entry) assert.ok(resolve('/root/tree', entry.path, '..', entry.link).startsWith('/root/tree'));
      }
      const sorted = parsed.value.entries.map(({ path }) => `${path}/`).sort();
      for (let i = 1; i < sorted.length; i++) assert.ok(!sorted[i]!.startsWith(sorted[i - 1]!), sorted.join());
    }),
    { numRuns: 2_000 },
  );
});
