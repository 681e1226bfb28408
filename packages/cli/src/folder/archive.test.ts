import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { test, type TestContext } from 'node:test';
import { list } from 'tar';
import { archive, filesOf } from './archive.ts';

async function folder(context: TestContext, files: Readonly<Record<string, string>>): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'anchor-test-archive-'));
  context.after(() => rm(path, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(path, name)), { recursive: true });
    await writeFile(join(path, name), text);
  }
  return path;
}

const git = (directory: string, args: readonly string[]): Promise<string> =>
  new Promise((resolve, reject) => {
    execFile('git', ['-C', directory, ...args], (error, stdout) => (error === null ? resolve(stdout) : reject(error)));
  });

const MANY = {
  'package.json': '{}',
  'src/a.ts': '',
  'src/deep/b.ts': '',
  'dist/out.js': '',
  'src/dist/kept.ts': '',
  'debug.log': '',
  'important.log': '',
  'src/debug.log': '',
  'a b.txt': '',
  'tmp/x': '',
  'src/tmp/y': '',
  'docs/a.md': '',
  'docs/b.txt': '',
  'ümlaut.txt': '',
  '.gitignore': '/dist/\n*.log\n!important.log\ntmp/\n',
  'docs/.gitignore': '*.txt\n',
};

test('what is sent is what git itself would take', async (context) => {
  const path = await folder(context, MANY);
  await git(path, ['init', '--quiet']);
  const taken = (await git(path, ['-c', 'core.quotePath=false', 'ls-files', '--others', '--exclude-standard', '-z']))
    .split('\0')
    .filter((name) => name !== '')
    .sort();
  assert.deepEqual(await filesOf(path), taken);
  assert.ok(taken.includes('important.log') && !taken.includes('docs/b.txt') && taken.includes('src/dist/kept.ts'));
});

test('.anchorignore leaves out more, and brings back what .gitignore leaves out', async (context) => {
  const path = await folder(context, { ...MANY, '.anchorignore': 'docs/\n!dist/\n' });
  const files = await filesOf(path);
  assert.ok(files.includes('dist/out.js'));
  assert.ok(!files.some((file) => file.startsWith('docs/')));
});

test('what can be regenerated and what holds personal secrets is never sent', async (context) => {
  const path = await folder(context, {
    'package.json': '{}',
    'node_modules/x/index.js': '',
    '.next/build': '',
    '.git/config': '',
    '.env.local': 'SECRET=1',
    '.env.production.local': 'SECRET=1',
    '.env': 'PUBLIC=1',
    'packages/a/node_modules/y': '',
    '.anchor/project.json': '{}',
    '.anchorignore': '!.env.local\n!node_modules\n',
  });
  assert.deepEqual(await filesOf(path), ['.anchorignore', '.env', 'package.json']);
});

test('the archive holds links as links, and the same files make the same bytes', async (context) => {
  const path = await folder(context, {
    'package.json': '{}',
    '-odd': 'a name like an option',
    '@at': 'a name like a file list',
  });
  await symlink('/etc/passwd', join(path, 'link'));
  const files = await filesOf(path);
  const [once, twice] = [await buffer(archive(path, files)), await buffer(archive(path, files))];
  assert.ok(once.equals(twice));
  const entries: string[] = [];
  await writeFile(join(path, 'out.tgz'), once);
  await list({
    file: join(path, 'out.tgz'),
    onReadEntry: (entry) => {
      entries.push(`${entry.type} ${entry.path}${entry.linkpath === undefined ? '' : ` → ${entry.linkpath}`}`);
    },
  });
  assert.deepEqual(entries, ['File ./-odd', 'File ./@at', 'SymbolicLink ./link → /etc/passwd', 'File ./package.json']);
});
