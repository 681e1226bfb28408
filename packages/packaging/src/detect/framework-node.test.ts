import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import fc from 'fast-check';
import semver from 'semver';
import { atMost, newestNode } from './framework-node.ts';

const major = (next: string, lock?: string): number | undefined => newestNode({ next }, lock)?.major;

test('a Next.js that does not run on Node 26 is limited to 24, one that does is not', () => {
  for (const version of ['12.3.4', '13.5.11', '14.2.35', '^14.0.0', '~15.5.0', '16.2.6', '16.4.3'])
    assert.equal(major(version), 24, version);
  for (const version of ['16.4.4', '16.4.6', '^16.0.0', 'latest', '*', 'catalog:', '17.0.0', 'canary'])
    assert.equal(major(version), undefined, version);
  assert.equal(newestNode({ react: '19' }, undefined), undefined);
});

const LOCKS: Readonly<Record<string, (version: string) => string>> = {
  npm: (version) =>
    `{"packages": {"": {"dependencies": {"next": "^16.0.0"}},\n    "node_modules/next": {\n      "version": "${version}",`,
  'pnpm 9': (version) =>
    `importers:\n\n  .:\n    dependencies:\n      next:\n        specifier: ^16.0.0\n        version: ${version}(react@19.1.0)\n\npackages:\n\n  next@${version}:\n`,
  'pnpm 6': (version) => `lockfileVersion: '6.0'\n\npackages:\n\n  /next@${version}(react@18.3.1):\n`,
  'yarn 1': (version) => `# yarn lockfile v1\n\n\nnext@^16.0.0:\n  version "${version}"\n`,
  'yarn 4': (version) =>
    `__metadata:\n  version: 8\n\n"next@npm:^16.0.0":\n  version: ${version}\n  resolution: "next@npm:${version}"\n`,
  bun: (version) => `{\n  "packages": {\n    "next": ["next@${version}", "", {}],\n`,
};
for (const [what, lock] of Object.entries(LOCKS)) {
  test(`the version that a lock file of ${what} names counts where package.json has a range`, () => {
    assert.equal(major('^16.0.0', lock('16.2.6')), 24);
    assert.equal(major('^16.0.0', lock('16.4.6')), undefined);
  });
}

test('a range of Node versions is cut where something is left of it', () => {
  for (const [range, picks] of [
    ['>=18', '24.9.0'],
    ['^20.9 || >=22', '24.9.0'],
    ['20 - 22', '22.5.0'],
    ['*', '24.9.0'],
    ['>=26', '26.1.0'],
    ['26.x', '26.1.0'],
  ] as const) {
    assert.equal(
      semver.maxSatisfying(['20.1.0', '20.10.0', '22.5.0', '24.9.0', '25.1.0', '26.1.0'], atMost(range, 24)),
      picks,
      `${range}: ${atMost(range, 24)}`,
    );
  }
  for (const newest of ['lts/*', 'node', 'latest', ' LTS ']) assert.equal(atMost(newest, 24), '24', newest);
  assert.equal(atMost('lts/jod', 24), 'lts/jod');
});

test('whatever a lock file and a range hold, there is a result', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (range, lock) => {
      newestNode({ next: range }, lock);
      newestNode({ next: '^16.0.0' }, `\nnext@${lock}\n  version "${range}"`);
      atMost(range, 24);
    }),
  );
});
