import assert from 'node:assert/strict';
import { test } from 'node:test';
import { customServer } from './custom-server.ts';
import { resolveStart } from './start-script.ts';

const NEXT = "const next = require('next'); next({ dev: false }).prepare();";
const find = (
  script: string,
  files: Readonly<Record<string, string>>,
  scripts: Readonly<Record<string, string>> = {},
): Promise<string | undefined> =>
  customServer(resolveStart(script, { scriptsAt: () => scripts, folderOf: () => undefined }), (path) =>
    Promise.resolve(files[path]),
  );

for (const [script, files, found] of [
  ['node server.js', { 'server.js': NEXT }, 'server.js'],
  ['node server', { 'server.js': NEXT }, 'server.js'],
  ['node ./server', { 'server/index.js': NEXT }, 'server/index.js'],
  [
    'NODE_ENV=production node --max-old-space-size=512 server.mjs',
    { 'server.mjs': 'import next from "next";' },
    'server.mjs',
  ],
  ['cross-env NODE_ENV=production node dist/server.js', { 'server.ts': "import next from 'next'\n" }, 'server.ts'],
  [
    'node dist/server/index.js',
    { 'src/server/index.ts': "import { createServer } from 'node:http';\nimport next from 'next';" },
    'src/server/index.ts',
  ],
  ['tsx server.ts', { 'server.ts': "import next = require('next');" }, 'server.ts'],
  ['ts-node --project tsconfig.server.json server.ts', { 'server.ts': "import next from 'next';" }, 'server.ts'],
  ['npm run serve', { 'server.js': NEXT }, 'server.js'],
  ['prisma migrate deploy && node server.js', { 'server.js': NEXT }, 'server.js'],
  ['next build && node server.js', { 'server.js': NEXT }, 'server.js'],
  ['pm2-runtime server.js', { 'server.js': NEXT }, 'server.js'],
  [
    'node bin/www.js',
    { 'bin/www.js': "require('../app')", 'app.js': "const handler = require('./lib/pages.js')", 'lib/pages.js': NEXT },
    'lib/pages.js',
  ],
  [
    'node server.js',
    { 'server.js': "const { startServer } = require('next/dist/server/lib/start-server');" },
    'server.js',
  ],
] as const) {
  test(`"${script}" around Next.js is found in ${found}`, async () =>
    assert.equal(await find(script, files, { serve: 'node server.js' }), found));
}

for (const [script, files] of [
  ['next start', { 'server.js': NEXT }],
  ['npx next start -p $PORT', {}],
  ['prisma migrate deploy && next start', {}],
  ['next dev', {}],
  ['node .next/standalone/server.js', { '.next/standalone/server.js': NEXT }],
  [
    'node server.js',
    { 'server.js': "require('next-auth'); import { NextResponse } from 'next/server'; require('express')().listen(1)" },
  ],
  ['node ../server.js', { '../server.js': NEXT }],
  ['node loop.js', { 'loop.js': "require('./loop.js'); require('./loop')" }],
] as const) {
  test(`"${script}" is no server around Next.js`, async () => assert.equal(await find(script, files), undefined));
}

test('texts that are built to be slow take no time', async () => {
  const before = process.cpuUsage();
  for (const text of [
    `import${' '.repeat(250_000)}`,
    `import ${' ('.repeat(125_000)}`,
    "from './a'".repeat(25_000),
    "from './".repeat(30_000),
    'require ('.repeat(28_000),
  ]) {
    assert.equal(await find('node server.js', { 'server.js': text }), undefined);
  }
  assert.ok(process.cpuUsage(before).user < 1_000_000, `${process.cpuUsage(before).user} µs`);
});
