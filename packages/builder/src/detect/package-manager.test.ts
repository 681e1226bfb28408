import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { detectPackageManager, installCommand, usesPlugAndPlay } from './package-manager.ts';

const ROWS: readonly (readonly [what: string, files: readonly string[], named: string | undefined, head: string, name: string, version: string | undefined, install: string])[] = [
  ['a package-lock.json', ['package-lock.json'], undefined, '', 'npm', undefined, 'npm ci'],
  ['an npm-shrinkwrap.json', ['npm-shrinkwrap.json'], undefined, '', 'npm', undefined, 'npm ci'],
  ['no lock file', [], undefined, '', 'npm', undefined, 'npm install --no-package-lock'],
  ['a pnpm lock file of version 9', ['pnpm-lock.yaml'], undefined, "lockfileVersion: '9.0'", 'pnpm', '10', 'pnpm install --frozen-lockfile'],
  ['a pnpm lock file of version 6', ['pnpm-lock.yaml'], undefined, "lockfileVersion: '6.0'", 'pnpm', '8', 'pnpm install --frozen-lockfile'],
  ['a pnpm lock file of version 5.4', ['pnpm-lock.yaml'], undefined, 'lockfileVersion: 5.4', 'pnpm', '7', 'pnpm install --frozen-lockfile'],
  ['a classic yarn.lock', ['yarn.lock'], undefined, '# yarn lockfile v1', 'yarn', '1', 'yarn install --frozen-lockfile --non-interactive'],
  ['a berry yarn.lock', ['yarn.lock'], undefined, '__metadata:\n  version: 8', 'yarn', '4', 'yarn install --immutable'],
  ['a bun.lock', ['bun.lock'], undefined, '', 'bun', undefined, 'bun install --frozen-lockfile'],
  ['packageManager over another lock file', ['package-lock.json', 'pnpm-lock.yaml'], 'pnpm@10.2.0+sha512.abc', '', 'pnpm', '10.2.0', 'pnpm install --frozen-lockfile'],
  ['packageManager without its lock file', ['package-lock.json'], 'yarn@4.1.0', '', 'yarn', '4.1.0', 'yarn install --no-immutable'],
  ['a packageManager that is none', ['package-lock.json'], 'evil; rm -rf /@1', '', 'npm', undefined, 'npm ci'],
  ['a packageManager with a version that is none', ['yarn.lock'], 'yarn@../../x', '# yarn lockfile v1', 'yarn', '1', 'yarn install --frozen-lockfile --non-interactive'],
];

for (const [what, files, named, head, name, version, install] of ROWS) {
  test(`${what} means ${install}`, () => {
    const manager = detectPackageManager(files, named, () => head);
    assert.equal(manager.name, name);
    assert.equal(manager.version, version);
    const resolved = version?.includes('.') === true ? version : `${version ?? '1'}.0.0`;
    assert.equal(installCommand(manager, resolved).join(' '), install);
  });
}

test('yarn leaves no node_modules from version 2 on, unless its settings say so', () => {
  const yarn = { name: 'yarn' } as const;
  assert.equal(usesPlugAndPlay(yarn, '4.9.1', ''), true);
  assert.equal(usesPlugAndPlay(yarn, '4.9.1', 'enableTelemetry: false\nnodeLinker: "pnp"\n'), true);
  assert.equal(usesPlugAndPlay(yarn, '4.9.1', 'nodeLinker: node-modules\n'), false);
  assert.equal(usesPlugAndPlay(yarn, '4.9.1', "nodeLinker: 'pnpm'\n"), false);
  assert.equal(usesPlugAndPlay(yarn, '1.22.22', ''), false);
  assert.equal(usesPlugAndPlay({ name: 'pnpm' }, '10.0.0', ''), false);
});
