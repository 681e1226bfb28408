import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { packageJson, useBuilder } from '../../../e2e/use-builder.ts';

const { failure, home, web } = useBuilder();

test('a folder with index.html becomes a static site with precompressed files', async () => {
  const { component, observed } = await web({ 'index.html': '<p>hello</p>'.repeat(300), 'lib/a.txt': 'a' });
  assert.equal(component.framework.name, 'static');
  assert.deepEqual(Object.keys(component.files).sort(), ['/index.html', '/lib/a.txt']);
  assert.ok((component.files['/index.html']?.br?.size ?? 9999) < 200);
  assert.equal(component.files['/lib/a.txt']?.br, undefined);
  assert.deepEqual(observed.steps, ['fetch', 'install', 'build', 'package']);
});

test('a single-page application falls back to its index.html', async () => {
  const { component } = await web(
    { 'package.json': packageJson({ build: 'mkdir -p dist && echo app > dist/index.html' }) },
    { settings: { framework: 'spa' } },
  );
  assert.equal(component.fallback, '/index.html');
  assert.equal(component.framework.name, 'spa');
});

test('the same content gives the same artifact', async () => {
  const files = { 'index.html': 'same' };
  assert.equal((await web(files)).artifact, (await web(files)).artifact);
});

test('a build that writes dist with an index.html becomes a site; variables arrive with every character intact', async () => {
  const value = 'a#b $HOME !x \'q\' "d" \\ \n second line\t é';
  const script =
    'require("fs").mkdirSync("dist/assets",{recursive:true});require("fs").writeFileSync("dist/index.html",JSON.stringify([process.env.ODD,process.env.CI,process.env.NODE_ENV??null,require("os").userInfo().uid]));require("fs").writeFileSync("dist/assets/app-B3x9Kq2z.js","1")';
  const { component } = await web(
    {
      'package.json': packageJson({ build: 'node make.cjs' }, { devDependencies: {} }),
      'lib/x': '',
      'make.cjs': script,
    },
    { variables: { ODD: value, NEXT_ADAPTER_PATH: '/evil', LD_PRELOAD: '/evil.so' } },
  );
  const [odd, ci, nodeEnv, uid] = JSON.parse(await home().text(component.files['/index.html']!.blob)) as [
    string,
    string,
    string | null,
    number,
  ];
  assert.deepEqual([odd, ci, nodeEnv], [value, '1', null]);
  assert.notEqual(uid, 0);
  assert.equal(component.files['/assets/app-B3x9Kq2z.js']?.immutable, true);
});

test('a server keeps its files and its start command, and no more of its dependencies than it uses', async () => {
  const { component } = await web({
    'package.json': packageJson({ start: 'node server.js' }),
    'server.js': 'require("./lib/a.js")',
    'lib/a.js': 'module.exports = 1',
    'data/view.html': '<p>',
  });
  assert.deepEqual(component.function?.argv, ['node', 'server.js']);
  assert.match(component.function?.node ?? '', /^26\./);
  const paths = (await home().tree(component.function!.tree)).entries.map((entry) => entry.path);
  for (const path of ['server.js', 'lib/a.js', 'data/view.html', 'package.json']) assert.ok(paths.includes(path), path);
  assert.ok(!paths.some((path) => path.startsWith('.git/')));
});

test('a server.js in the root that listens runs what the tool of a single-page application has built', async () => {
  const files = {
    'package.json': packageJson(
      { build: 'node build.js' },
      { dependencies: { express: 'file:lib/express' }, devDependencies: { vite: 'file:lib/vite' } },
    ),
    'lib/express/package.json': '{ "name": "express", "version": "5.0.0" }',
    'lib/vite/package.json': '{ "name": "vite", "version": "8.0.0" }',
    'build.js': 'const fs = require("fs"); fs.mkdirSync("dist"); fs.writeFileSync("dist/index.html", "built")',
    'index.html': 'source',
  };
  const { component, observed } = await web({
    ...files,
    'server.js': 'require("express"); require("http").createServer().listen(process.env.PORT);',
  });
  assert.deepEqual(
    [component.framework.name, component.function?.argv, Object.keys(component.files)],
    ['node', ['node', 'server.js'], []],
  );
  assert.match(observed.log, /Detected node: server\.js listens, and express is a dependency/);
  assert.match(observed.log, /Start command: node server\.js/);
  const { component: silent } = await web({ ...files, 'server.js': 'module.exports = {};' });
  assert.deepEqual([silent.framework.name, silent.function], ['spa', undefined]);
});

test('a start script that needs a shell becomes a script of the tree', async () => {
  const { component } = await web({
    'package.json': packageJson({ start: 'node server.js --port $PORT' }),
    'server.js': '',
  });
  assert.deepEqual(component.function?.argv, ['.anchor/start.sh']);
  const entry = (await home().tree(component.function!.tree)).entries.find(({ path }) => path === '.anchor/start.sh');
  assert.ok(entry !== undefined && 'blob' in entry && entry.executable === true);
  assert.equal(await home().text(entry.blob), '#!/bin/sh\nnode server.js --port $PORT\n');
});

test('programs of every node_modules/.bin up to the root of the repository are found', async () => {
  const program = '#!/bin/sh\necho found';
  const { component } = await web(
    { 'apps/web/package.json': packageJson({}), 'apps/web/index.html': 'x', 'package.json': '{}', 'bin/tool': program },
    {
      settings: {
        rootDirectory: 'apps/web',
        installCommand:
          'mkdir -p ../../node_modules/.bin && cp ../../bin/tool ../../node_modules/.bin/ && chmod +x ../../node_modules/.bin/tool',
        buildCommand: 'mkdir -p dist && tool > dist/index.html',
        outputDirectory: 'dist',
      },
    },
  );
  assert.equal(await home().text(component.files['/index.html']!.blob), 'found\n');
});

test('a Next.js app of an integrated Nx repository, without a package.json of its own, is built with that of the root', async () => {
  const next = {
    'lib/next/package.json': '{ "name": "next", "version": "14.2.0", "bin": "build.js" }',
    'lib/next/build.js':
      '#!/usr/bin/env node\nconst fs = require("fs"); fs.mkdirSync("out"); fs.writeFileSync("out/index.html", "built in " + process.cwd() + ", root " + process.env.NEXT_PRIVATE_OUTPUT_TRACE_ROOT)',
  };
  const root = {
    'package.json': packageJson({ build: 'false', start: 'false' }, { dependencies: { next: 'file:lib/next' } }),
    ...next,
  };
  const { component, observed } = await web(
    { ...root, 'apps/shop/project.json': '{ "name": "shop" }', 'apps/shop/src/app/page.js': '' },
    { settings: { rootDirectory: 'apps/shop' } },
  );
  assert.equal(component.framework.name, 'nextjs');
  // Without a lock file Next would take the application's folder for the whole repository, and not find itself above
  // it.
  assert.match(await home().text(component.files['/index.html']!.blob), /built in \/app\/apps\/shop, root \/app$/);
  assert.match(observed.log, /It has no package\.json: the dependencies are those of the root/);
  const { cause, fix } = await failure(
    { ...root, 'apps/api/project.json': '{ "name": "api" }', 'apps/api/src/main.ts': '' },
    { settings: { rootDirectory: 'apps/api' } },
  );
  // That the root has next does not make every folder a Next.js app.
  assert.equal(cause, 'The root directory has a project.json of Nx and no package.json.');
  assert.match(fix, /anchor projects update --detect root --build "npx nx build app" --output dist\/apps\/app/);
});
