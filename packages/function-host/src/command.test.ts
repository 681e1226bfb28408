import { execFile } from 'node:child_process';
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import type { FunctionEntry } from '@anchor/protocol/artifact/web/function.ts';
import { functionCommand } from './command.ts';

const next: FunctionEntry = {
  kind: 'next',
  tree: 'a'.repeat(64),
  cwd: 'apps/site',
  entry: 'function.json',
  node: '24.12.0',
};
const server: FunctionEntry = {
  kind: 'server',
  tree: 'a'.repeat(64),
  cwd: '.',
  argv: ['node', 'server.js', '--flag'],
  node: '24.12.0',
};

test('a Next function is started by the runtime with its entry', () => {
  const command = functionCommand(next, { GREETING: 'a b$`"\n' }, 512);
  assert.ok(command.ok);
  assert.deepEqual(command.value.argv, [
    '/node/bin/node',
    '--max-old-space-size=384',
    '--min-semi-space-size=16',
    '--no-memory-reducer',
    '--max-http-header-size=131072',
    '/anchor/next-server.js',
    '/app/function.json',
  ]);
  assert.equal(command.value.cwd, '/app/apps/site');
  assert.equal(command.value.env['GREETING'], 'a b$`"\n');
  assert.equal(command.value.env['ANCHOR_SOCKET'], '/run/anchor/fn.sock');
});

test('a tuning that is switched off leaves its flag out', () => {
  const off = { youngGeneration: false, noMemoryReducer: false, heapGrowing: false };
  const command = functionCommand(next, {}, 512, off);
  assert.ok(command.ok);
  assert.deepEqual(command.value.argv.slice(1, 3), ['--max-old-space-size=384', '--max-http-header-size=131072']);
  assert.equal(command.value.env['ANCHOR_HEAP_GROWING'], 'off');
  const tuned = functionCommand(next, {}, 512);
  assert.ok(tuned.ok && tuned.value.env['ANCHOR_HEAP_GROWING'] === undefined);
});

test('programs of the application and of every folder around it are on PATH, its own first', () => {
  const path = (entry: FunctionEntry) => {
    const command = functionCommand(entry, { PATH: '/evil' }, 512);
    return command.ok
      ? command.value.env['PATH']?.split(':').filter((each) => each.startsWith('/app'))
      : command.error.message;
  };
  assert.deepEqual(path({ ...server, cwd: 'apps/site' }), [
    '/app/apps/site/node_modules/.bin',
    '/app/apps/node_modules/.bin',
    '/app/node_modules/.bin',
  ]);
  for (const cwd of ['', '.']) assert.deepEqual(path({ ...server, cwd }), ['/app/node_modules/.bin']);
});

test('an older Node is not given the flag under which it would compile its own modules again', () => {
  const command = functionCommand({ ...next, node: '22.23.5' }, {}, 512);
  assert.ok(command.ok);
  assert.deepEqual(command.value.argv.slice(0, 5), [
    '/node/bin/node',
    '--max-old-space-size=384',
    '--no-memory-reducer',
    '--max-http-header-size=131072',
    '/anchor/next-server.js',
  ]);
});

test('under the flags of a Next function Node uses what it has compiled ahead of its own modules', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'anchor-test-flags-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  // Node's own test of its code cache makes the same check.
  const script = join(directory, 'usage.cjs');
  await writeFile(
    script,
    `require('node:http'); const { compiledWithCache, compiledWithoutCache } = require('internal/test/binding').internalBinding('builtins').getCacheUsage?.() ?? require('internal/test/binding').internalBinding('builtins'); console.log(JSON.stringify([compiledWithCache.size, [...compiledWithoutCache]]));`,
  );
  const usage = async (flags: readonly string[]): Promise<readonly [number, readonly string[]]> =>
    JSON.parse(
      (await promisify(execFile)(process.execPath, ['--expose-internals', '--no-warnings', ...flags, script])).stdout,
    ) as readonly [number, readonly string[]];
  for (const memoryMb of [128, 512, 3008]) {
    const command = functionCommand(next, {}, memoryMb);
    assert.ok(command.ok);
    const [used, compiled] = await usage(command.value.argv.filter((word) => word.startsWith('--')));
    assert.ok(used > 10, String(used));
    assert.deepEqual(compiled, []);
  }
  // The check can also return false.
  const [, compiled] = await usage(['--initial-old-space-size=102']);
  assert.ok(compiled.length > 10);
});

test('a Node server is started as it is, with the preload in front of its own NODE_OPTIONS', () => {
  const command = functionCommand(
    server,
    { NODE_OPTIONS: '--no-warnings', PORT: '9', ANCHOR_SOCKET: '/elsewhere', LD_PRELOAD: '/x.so' },
    512,
  );
  assert.ok(command.ok);
  assert.deepEqual(command.value.argv, ['/node/bin/node', 'server.js', '--flag']);
  assert.equal(
    command.value.env['NODE_OPTIONS'],
    '--require=/anchor/preload.cjs --max-old-space-size=384 --max-http-header-size=131072 --no-warnings',
  );
  assert.equal(command.value.env['PORT'], '3000');
  assert.equal(command.value.env['ANCHOR_SOCKET'], '/run/anchor/fn.sock');
  assert.equal(command.value.env['LD_PRELOAD'], undefined);
});

test('the preload leaves Node the loader of the entry wherever an ES module can be required', () => {
  const flag = (node: string) => {
    const command = functionCommand({ ...server, node }, {}, 512);
    return command.ok ? command.value.env['NODE_OPTIONS']?.split(' ')[0] : command.error.message;
  };
  for (const node of ['20.19.0', '20.20.2', '22.12.0', '23.0.0', '24.12.0', '26.10.0'])
    assert.equal(flag(node), '--require=/anchor/preload.cjs', node);
  for (const node of ['20.18.3', '21.7.3', '22.11.0', 'unknown'])
    assert.equal(flag(node), '--import=/anchor/preload.js', node);
});

test('entries that point outside the tree are refused', () => {
  for (const entry of [
    { ...next, entry: '../x.json' },
    { ...next, entry: '/etc/x' },
    { ...next, cwd: '../..' },
    { ...next, cwd: '/' },
    { ...server, argv: ['/bin/sh', '-c', 'x'] },
    { ...server, argv: ['../x'] },
    { ...server, argv: [] },
  ]) {
    const command = functionCommand(entry, {}, 512);
    assert.equal(command.ok ? 'ok' : command.error.code, 'artifact_invalid', JSON.stringify(entry));
  }
});
