import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const root = join(import.meta.dirname, '..');
const folders = globSync('{packages,apps}/*', { cwd: root })
  .filter((path) => globSync(`${path}/package.json`, { cwd: root }).length > 0)
  .sort();

type Package = Readonly<{ folder: string; declared: readonly string[]; imported: readonly string[] }>;

const isProduct = (path: string): boolean => !path.endsWith('.test.ts') && !path.split('/').includes('fixtures');

/**
 * Reads a package: the packages of the repository that its package.json declares, and those that its product code
 * imports.
 */
function readPackage(folder: string): readonly [string, Package] {
  const manifest = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')) as {
    name: string;
    dependencies?: Record<string, string>;
  };
  const code = globSync('src/**/*.ts', { cwd: join(root, folder) })
    .filter(isProduct)
    .map((path) => readFileSync(join(root, folder, path), 'utf8'));
  const imported = code.flatMap((text) => [...text.matchAll(/'(@anchor\/[\w-]+)\//g)].map((match) => match[1] ?? ''));
  const declared = Object.keys(manifest.dependencies ?? {}).filter((name) => name.startsWith('@anchor/'));
  return [
    manifest.name,
    {
      folder,
      declared: declared.sort(),
      imported: [...new Set(imported)].filter((name) => name !== manifest.name).sort(),
    },
  ];
}

const packages = new Map(folders.map(readPackage));

/** Returns the packages that `name` reaches, directly or through others. */
function reachedFrom(name: string, found: Set<string> = new Set()): ReadonlySet<string> {
  for (const next of packages.get(name)?.imported ?? []) {
    if (found.has(next)) continue;
    found.add(next);
    reachedFrom(next, found);
  }
  return found;
}

for (const [name, { folder, declared, imported }] of packages) {
  test(`${folder}/package.json names the packages that its code imports`, () => assert.deepEqual(declared, imported));
  test(`${name} is not imported by a package that it imports`, () => assert.ok(!reachedFrom(name).has(name)));
}

test('the packages that AWS will share reach nothing that runs processes on a machine of our own', () => {
  const machine = [
    'edge',
    'function-host',
    'sandbox-linux',
    'git-host-local',
    'adapter-local',
    'build-runner',
    'acme',
    'certificates',
    'dns',
  ].map((name) => `@anchor/${name}`);
  for (const name of ['core', 'protocol', 'packaging', 'server', 'client']) {
    assert.deepEqual(
      machine.filter((other) => reachedFrom(`@anchor/${name}`).has(other)),
      [],
      name,
    );
  }
});
