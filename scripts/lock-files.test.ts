import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { missingEntries } from './complete-lock.mjs';

const root = join(import.meta.dirname, '..');
const files = ['package-lock.json', ...globSync('{examples,e2e/apps}/*/package-lock.json', { cwd: root })];

for (const file of files) {
  const lock = JSON.parse(readFileSync(join(root, file), 'utf8'));

  test(`${file} names every optional package, so that npm ci takes it on any machine (else: node scripts/complete-lock.mjs ${file})`, () => {
    assert.deepEqual(Object.keys(missingEntries(lock)), []);
  });

  test(`${file} names no registry, so that each machine uses its own`, () => {
    const resolved = Object.values(lock.packages as Record<string, { resolved?: string; link?: boolean }>).filter((entry) => entry.link !== true).map((entry) => entry.resolved);
    assert.deepEqual(resolved.filter((address) => address !== undefined && /^https?:/.test(address)), []);
  });
}

test('a lock file without the packages of other systems is found out', () => {
  const lock = { packages: { '': {}, 'node_modules/tool': { version: '1.0.0', dev: true, optionalDependencies: { '@tool/linux-x64-gnu': '1.0.0', '@tool/win32-arm64-msvc': '1.0.0', plain: '1.0.0' } }, 'node_modules/@tool/linux-x64-gnu': { version: '1.0.0' } } };
  assert.deepEqual(missingEntries(lock), { 'node_modules/@tool/win32-arm64-msvc': { version: '1.0.0', cpu: ['arm64'], dev: true, optional: true, os: ['win32'] } });
});
