import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { emitModules } from '@anchor/function-host/modules.ts';
import { readCall, type Call } from './run-script.ts';

const has = (name: string): boolean => ['serve', 'start', 'build'].includes(name);
const CALLS: readonly (readonly [call: string, means: Call])[] = [
  ['npm run serve', { kind: 'script', name: 'serve', args: [], optional: false }],
  ['npm run serve -- --port 4', { kind: 'script', name: 'serve', args: ['--port', '4'], optional: false }],
  ['npm start', { kind: 'script', name: 'start', args: [], optional: false }],
  ['npm run missing --if-present', { kind: 'script', name: 'missing', args: [], optional: true }],
  ['npm --prefix api run serve', { kind: 'script', name: 'serve', args: [], optional: false, folder: 'api' }],
  ['npm run serve -w web', { kind: 'script', name: 'serve', args: [], optional: false, workspace: 'web' }],
  ['pnpm serve', { kind: 'script', name: 'serve', args: [], optional: false }],
  ['pnpm run serve --port 4', { kind: 'script', name: 'serve', args: ['--port', '4'], optional: false }],
  ['pnpm --filter web start', { kind: 'script', name: 'start', args: [], optional: false, workspace: 'web' }],
  ['pnpm exec tsx a.ts', { kind: 'program', name: 'tsx', args: ['a.ts'] }],
  ['pnpm tsx a.ts --flag', { kind: 'program', name: 'tsx', args: ['a.ts', '--flag'] }],
  ['yarn serve', { kind: 'script', name: 'serve', args: [], optional: false }],
  ['yarn workspace web start', { kind: 'script', name: 'start', args: [], optional: false, workspace: 'web' }],
  ['yarn --cwd ./api start', { kind: 'script', name: 'start', args: [], optional: false, folder: './api' }],
  ['npx --yes tsx@4 a.ts', { kind: 'program', name: 'tsx', args: ['a.ts'] }],
  ['npx -p typescript tsc -v', { kind: 'program', name: 'tsc', args: ['-v'] }],
  ['npm install', { kind: 'nothing' }],
  ['yarn', { kind: 'nothing' }],
  ['pnpm i --frozen-lockfile', { kind: 'nothing' }],
  ['npm publish', { kind: 'refused', verb: 'publish' }],
];
for (const [call, means] of CALLS) {
  test(`"${call}" is a ${means.kind}`, () => {
    const [manager = '', ...words] = call.split(' ');
    assert.deepEqual(readCall(manager, words, has), means);
  });
}

let directory: string;
let script: string;
before(async () => {
  directory = mkdtempSync(join(tmpdir(), 'anchor-test-'));
  script = join((await emitModules({ modules: join(directory, 'modules') })).runtimeDir, 'run-script.js');
  const files: Record<string, string> = {
    'package.json': JSON.stringify({
      name: 'root',
      scripts: {
        preserve: 'echo before',
        serve: 'tool "$@"',
        fails: 'exit 7',
        print: 'echo "$npm_lifecycle_event $1"',
      },
    }),
    'api/package.json': JSON.stringify({
      name: '@acme/api',
      scripts: { start: 'echo api in "$(basename "$PWD")"; tool' },
    }),
    'node_modules/.bin/tool': '#!/bin/sh\necho tool "$@"\n',
  };
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, 'app', name)), { recursive: true });
    writeFileSync(join(directory, 'app', name), text);
  }
  chmodSync(join(directory, 'app/node_modules/.bin/tool'), 0o755);
});
after(() => rmSync(directory, { recursive: true, force: true }));

const run = (...words: readonly string[]): readonly [number | null, string] => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...words], {
    cwd: join(directory, 'app'),
    encoding: 'utf8',
    env: { PATH: '/usr/bin:/bin' },
  });
  return [status, stdout + stderr];
};

test('scripts run with their neighbours, programs of the dependencies and exit codes', () => {
  assert.deepEqual(run('npm', 'run', 'serve'), [0, 'before\ntool\n']);
  assert.deepEqual(run('npm', 'run', 'fails'), [7, '']);
  assert.deepEqual(run('npx', 'tool', 'a'), [0, 'tool a\n']);
  assert.deepEqual(run('yarn', 'tool', 'b'), [0, 'tool b\n']);
  for (const words of [
    ['npm', '--prefix', 'api', 'start'],
    ['npm', 'start', '-w', '@acme/api'],
    ['pnpm', '--filter', '@acme/api', 'start'],
    ['yarn', 'workspace', '@acme/api', 'start'],
  ])
    assert.deepEqual(run(...words), [0, 'api in api\ntool\n'], words.join(' '));
});

test('a call that cannot run is reported', () => {
  assert.deepEqual(run('npx', 'nowhere'), [
    127,
    '"nowhere" is not part of the deployment: add its package to the dependencies.\n',
  ]);
  assert.deepEqual(run('npm', 'run', 'nowhere'), [1, 'package.json has no script "nowhere".\n']);
  assert.deepEqual(run('npm', 'run', 'x', '-w', 'nowhere'), [1, 'There is no such workspace in this deployment.\n']);
});
