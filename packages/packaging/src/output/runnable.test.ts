import { strict as assert } from 'node:assert';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { parseStartCommand } from '../detect/start-command.ts';
import { nodeEntryFile } from '../detect/node-entry.ts';
import { productionPackages } from './production-packages.ts';
import { resolveRunnable, type Runnable } from './runnable.ts';

/** Creates a checkout of files; a value that starts with "->" is a link. */
function checkout(t: TestContext, files: Readonly<Record<string, string | object>>): string {
  const root = mkdtempSync(join(tmpdir(), 'anchor-test-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  for (const [name, value] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    if (text.startsWith('->')) symlinkSync(text.slice(2), join(root, name));
    else writeFileSync(join(root, name), text);
    if (name.includes('.bin/') && !text.startsWith('->')) chmodSync(join(root, name), 0o755);
  }
  return root;
}

const ENTRIES: readonly (readonly [
  word: string,
  files: readonly string[],
  found: string | undefined,
  asWritten?: boolean,
])[] = [
  ['server.js', ['server.js'], 'server.js'],
  ['./server', ['server.js'], 'server.js'],
  ['dist/main', ['dist/main.js', 'dist/main/x.js'], 'dist/main.js'],
  ['.', ['index.js'], 'index.js'],
  ['./', ['index.js'], 'index.js'],
  ['lib', ['lib/index.js'], 'lib/index.js'],
  ['lib/', ['lib.js', 'lib/index.js'], 'lib/index.js'],
  ['server', ['server.mjs'], 'server.mjs', false],
  ['lib', ['lib/index.mjs'], 'lib/index.mjs', false],
  ['server', ['server.ts'], 'server.ts', false],
  ['/app/dist/a.js', ['dist/a.js'], 'dist/a.js'],
  ['../outside.js', ['x.js'], undefined],
  ['/etc/passwd', ['x.js'], undefined],
  ['missing', ['x.js'], undefined],
];
for (const [word, files, found, asWritten = true] of ENTRIES) {
  test(`"node ${word}" with ${files.join(', ')} starts ${found ?? 'nothing'}`, async (t) => {
    const root = checkout(t, Object.fromEntries(files.map((file) => [file, 'x'])));
    assert.deepEqual(await nodeEntryFile(root, '', word), found === undefined ? undefined : { path: found, asWritten });
  });
}

test('a directory is started by its main, and where Node would not, by its exports', async (t) => {
  const root = checkout(t, {
    'package.json': { main: 'lib' },
    'lib/index.js': '',
    'api/package.json': { main: './out/server' },
    'api/out/server.js': '',
    'esm/package.json': { exports: { '.': { import: './a.mjs' } } },
    'esm/a.mjs': '',
  });
  assert.deepEqual(await nodeEntryFile(root, '', '.'), { path: 'lib/index.js', asWritten: true });
  assert.deepEqual(await nodeEntryFile(root, '', 'api'), { path: 'api/out/server.js', asWritten: true });
  assert.deepEqual(await nodeEntryFile(root, 'api', '.'), { path: 'api/out/server.js', asWritten: true });
  assert.deepEqual(await nodeEntryFile(root, '', './esm'), { path: 'esm/a.mjs', asWritten: false });
});

test('production packages are those that a production install has, nested, linked and of workspaces', async (t) => {
  const root = checkout(t, {
    'apps/web/package.json': {
      dependencies: { a: '1', ui: '*' },
      devDependencies: { vite: '1' },
      optionalDependencies: { native: '1', absent: '1' },
    },
    'node_modules/a/package.json': {
      name: 'a',
      dependencies: { b: '1' },
      peerDependencies: { peer: '1', vite: '1' },
      peerDependenciesMeta: { vite: { optional: true } },
    },
    'node_modules/a/node_modules/b/package.json': { name: 'b', dependencies: { a: '1' } },
    'node_modules/b/package.json': { name: 'b', dependencies: { wrong: '1' } },
    'node_modules/wrong/package.json': {},
    'node_modules/peer/package.json': { name: 'peer' },
    'node_modules/vite/package.json': { name: 'vite' },
    'node_modules/ui': '->../packages/ui',
    'packages/ui/package.json': { name: 'ui', dependencies: { linked: '1' } },
    'packages/ui/node_modules/linked': '->../../../node_modules/.pnpm/linked@1/node_modules/linked',
    'node_modules/.pnpm/linked@1/node_modules/linked/package.json': { dependencies: { deep: '1' } },
    'node_modules/.pnpm/linked@1/node_modules/deep/package.json': {},
    'apps/web/node_modules/native/package.json': {},
    'node_modules/evil': '->/etc',
  });
  const { folders, links } = await productionPackages(root, 'apps/web');
  assert.deepEqual([...folders].sort(), [
    'apps/web/node_modules/native',
    'node_modules/.pnpm/linked@1/node_modules/deep',
    'node_modules/.pnpm/linked@1/node_modules/linked',
    'node_modules/a',
    'node_modules/a/node_modules/b',
    'node_modules/peer',
    'packages/ui',
  ]);
  assert.ok(links.has('node_modules/ui') && links.has('packages/ui/node_modules/linked'));
});

const resolved = async (root: string, script: string): Promise<Runnable> => {
  const result = await resolveRunnable(root, '', parseStartCommand(script));
  assert.ok(result.ok, result.ok ? '' : result.error.message);
  return result.value;
};

test('a program of the dependencies is run by Node, with its package and without a shell', async (t) => {
  const root = checkout(t, {
    'node_modules/.bin/serve-it': '->../@x/serve/bin.cjs',
    'node_modules/@x/serve/bin.cjs': '',
    'node_modules/@x/serve/package.json': { name: '@x/serve' },
    'build/index.js': '',
    'node_modules/.bin/tool': '#!/bin/sh\nexec node "$basedir/../tool/cli.mjs" "$@"\n',
    'node_modules/tool/cli.mjs': '',
    'node_modules/tool/package.json': { name: 'tool' },
  });
  const one = await resolved(root, 'serve-it ./build/index.js');
  assert.deepEqual(
    [one.argv, one.entries, one.packages, one.traceable],
    [
      ['node', 'node_modules/@x/serve/bin.cjs', './build/index.js'],
      ['build/index.js'],
      ['node_modules/@x/serve'],
      false,
    ],
  );
  assert.deepEqual((await resolved(root, 'A=1 tool x')).argv, ['node', 'node_modules/tool/cli.mjs', 'x']);
});

test('options of Node: modules loaded first come along, an env file only where there is one', async (t) => {
  const root = checkout(t, {
    'server.mjs': '',
    'hook.mjs': '',
    'node_modules/dotenv/package.json': { name: 'dotenv' },
    '.env.production': '',
  });
  const one = await resolved(root, 'node --env-file=.env --import ./hook.mjs -r dotenv/config server');
  assert.deepEqual(one.argv, ['node', '--import', './hook.mjs', '-r', 'dotenv/config', 'server.mjs']);
  assert.deepEqual(
    [one.entries, one.packages, one.traceable],
    [['hook.mjs', 'server.mjs'], ['node_modules/dotenv'], true],
  );
  assert.match(one.notes.join(), /^\.env is not part of the build/);
  assert.deepEqual((await resolved(root, 'node --env-file .env.production server.mjs')).argv, [
    'node',
    '--env-file=.env.production',
    'server.mjs',
  ]);
});

test('a missing program is named, whatever is around it', async (t) => {
  const root = checkout(t, { 'server.mjs': '' });
  for (const [script, code] of [
    ['node dist/server', /"dist\/server" does not exist/],
    ['no-such-program-here x', /needs "no-such-program-here"/],
    ['node server.mjs && no-such-program-here', /needs "no-such-program-here"/],
    ['./start.sh', /"\.\/start\.sh" does not exist/],
  ] as const) {
    const result = await resolveRunnable(root, '', parseStartCommand(script));
    assert.match(result.ok ? 'ok' : result.error.message, code, script);
  }
  for (const script of [
    'npm run x',
    'bun server.ts',
    'if [ -f a ]; then node server.mjs; fi',
    'echo hi && node server.mjs',
    '$CMD server.mjs',
    'sh -c "node server.mjs"',
  ])
    assert.ok((await resolveRunnable(root, '', parseStartCommand(script))).ok, script);
  assert.equal((await resolved(root, 'bun server.ts')).bun, true);
});
