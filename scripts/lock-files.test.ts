import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { missingEntries, withoutIntegrity } from './complete-lock.mjs';

const root = join(import.meta.dirname, '..');
const files = [
  'package-lock.json',
  ...globSync(['{examples,e2e/apps}/*/package-lock.json', 'e2e/apps/templates/*/package-lock.json'], { cwd: root }),
];

for (const file of files) {
  const lock = JSON.parse(readFileSync(join(root, file), 'utf8'));

  test(`${file} names every optional package, so that npm ci takes it on any machine (else: node scripts/complete-lock.mjs ${file})`, () => {
    assert.deepEqual(Object.keys(missingEntries(lock)), []);
  });

  test(`${file} names no registry, so that each machine uses its own`, () => {
    const resolved = Object.values(lock.packages as Record<string, { resolved?: string; link?: boolean }>)
      .filter((entry) => entry.link !== true)
      .map((entry) => entry.resolved);
    assert.deepEqual(
      resolved.filter((address) => address !== undefined && /^https?:/.test(address)),
      [],
    );
  });
}

test('every package that is installed on any machine is pinned by its hash (else: node scripts/complete-lock.mjs)', () => {
  assert.deepEqual(withoutIntegrity(JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'))), {});
  assert.deepEqual(
    withoutIntegrity({
      packages: {
        '': {},
        'packages/a': { version: '1.0.0' },
        'node_modules/a': { link: true },
        'node_modules/b': { version: '1.0.0' },
        'node_modules/b/node_modules/@c/d': { version: '2.0.0' },
        'node_modules/e': { version: '1.0.0', integrity: 'sha512-x' },
      },
    }),
    { 'node_modules/b': 'b@1.0.0', 'node_modules/b/node_modules/@c/d': '@c/d@2.0.0' },
  );
});

test('no install script runs when the platform itself is installed', () => {
  const setup = readFileSync(join(root, 'scripts/setup.bash'), 'utf8');
  const installs = setup.split('\n').filter((line) => /\bnpm ci --/.test(line) && !line.includes('fail '));
  assert.ok(installs.length > 0 && installs.every((line) => line.includes('--ignore-scripts')), installs.join('\n'));
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { hasInstallScript?: boolean }>;
  };
  assert.deepEqual(
    Object.entries(lock.packages)
      .filter(([, entry]) => entry.hasInstallScript === true)
      .map(([path]) => path),
    [],
    'none is needed',
  );
});

test('a lock file without the packages of other systems is found out', () => {
  const lock = {
    packages: {
      '': {},
      'node_modules/tool': {
        version: '1.0.0',
        dev: true,
        optionalDependencies: { '@tool/linux-x64-gnu': '1.0.0', '@tool/win32-arm64-msvc': '1.0.0', plain: '1.0.0' },
      },
      'node_modules/@tool/linux-x64-gnu': { version: '1.0.0' },
    },
  };
  assert.deepEqual(missingEntries(lock), {
    'node_modules/@tool/win32-arm64-msvc': {
      version: '1.0.0',
      cpu: ['arm64'],
      dev: true,
      optional: true,
      os: ['win32'],
    },
  });
});
