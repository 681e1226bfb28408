import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FunctionEntry } from '@anchor/core/artifact/manifest.ts';
import { functionCommand } from './command.ts';

const next: FunctionEntry = { kind: 'next', tree: 'a'.repeat(64), cwd: 'apps/site', entry: 'function.json', node: '24.12.0' };
const server: FunctionEntry = { kind: 'server', tree: 'a'.repeat(64), cwd: '.', argv: ['node', 'server.js', '--flag'], node: '24.12.0' };

test('a Next function is started by the runtime with its entry', () => {
  const command = functionCommand(next, { GREETING: 'a b$`"\n' }, 512);
  assert.ok(command.ok);
  assert.deepEqual(command.value.argv, ['/node/bin/node', '--max-old-space-size=384', '--min-semi-space-size=16', '--initial-old-space-size=102', '--no-memory-reducer', '/anchor/next-server.js', '/app/function.json']);
  assert.equal(command.value.cwd, '/app/apps/site');
  assert.equal(command.value.env['GREETING'], 'a b$`"\n');
  assert.equal(command.value.env['ANCHOR_SOCKET'], '/run/anchor/fn.sock');
});

test('a Node server is started as it is, with the preload in front of its own NODE_OPTIONS', () => {
  const command = functionCommand(server, { NODE_OPTIONS: '--no-warnings', PORT: '9', ANCHOR_SOCKET: '/elsewhere', LD_PRELOAD: '/x.so' }, 512);
  assert.ok(command.ok);
  assert.deepEqual(command.value.argv, ['/node/bin/node', 'server.js', '--flag']);
  assert.equal(command.value.env['NODE_OPTIONS'], '--import=/anchor/preload.js --max-old-space-size=384 --no-warnings');
  assert.equal(command.value.env['PORT'], '3000');
  assert.equal(command.value.env['ANCHOR_SOCKET'], '/run/anchor/fn.sock');
  assert.equal(command.value.env['LD_PRELOAD'], undefined);
});

test('entries that point outside the tree are refused', () => {
  for (const entry of [{ ...next, entry: '../x.json' }, { ...next, entry: '/etc/x' }, { ...next, cwd: '../..' }, { ...next, cwd: '/' }, { ...server, argv: ['/bin/sh', '-c', 'x'] }, { ...server, argv: ['../x'] }, { ...server, argv: [] }]) {
    const command = functionCommand(entry, {}, 512);
    assert.equal(command.ok ? 'ok' : command.error.code, 'artifact_invalid', JSON.stringify(entry));
  }
});
