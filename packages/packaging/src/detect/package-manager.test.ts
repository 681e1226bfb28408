import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import fc from 'fast-check';
import { detectPackageManager, installCommand, type ManagerSources } from './package-manager.ts';
import { usesPlugAndPlay, yarnSettings } from './yarn-settings.ts';

type Row = readonly [
  what: string,
  files: readonly string[],
  json: object,
  head: string,
  name: string,
  version: string | undefined,
  install: string,
];
const BERRY = '__metadata:\n  version: 8';
const ROWS: readonly Row[] = [
  ['a package-lock.json', ['package-lock.json'], {}, '', 'npm', undefined, 'npm ci'],
  ['an npm-shrinkwrap.json', ['npm-shrinkwrap.json'], {}, '', 'npm', undefined, 'npm ci'],
  ['no lock file', [], {}, '', 'npm', undefined, 'npm install --no-package-lock'],
  [
    'a pnpm lock file of version 9',
    ['pnpm-lock.yaml'],
    {},
    "lockfileVersion: '9.0'",
    'pnpm',
    '10',
    'pnpm install --frozen-lockfile',
  ],
  [
    'a pnpm lock file of version 6',
    ['pnpm-lock.yaml'],
    {},
    "lockfileVersion: '6.0'",
    'pnpm',
    '8',
    'pnpm install --frozen-lockfile',
  ],
  [
    'a pnpm lock file of version 5.4',
    ['pnpm-lock.yaml'],
    {},
    'lockfileVersion: 5.4',
    'pnpm',
    '7',
    'pnpm install --frozen-lockfile',
  ],
  [
    'a classic yarn.lock',
    ['yarn.lock'],
    {},
    '# yarn lockfile v1',
    'yarn',
    '1',
    'yarn install --frozen-lockfile --non-interactive',
  ],
  ['a berry yarn.lock', ['yarn.lock'], {}, BERRY, 'yarn', '4', 'yarn install --immutable'],
  ['a bun.lock', ['bun.lock'], {}, '', 'bun', undefined, 'bun install --frozen-lockfile'],
  [
    'packageManager over another lock file',
    ['package-lock.json', 'pnpm-lock.yaml'],
    { packageManager: 'pnpm@10.2.0+sha512.abc' },
    '',
    'pnpm',
    '10.2.0',
    'pnpm install --frozen-lockfile',
  ],
  [
    'packageManager without its lock file',
    ['package-lock.json'],
    { packageManager: 'yarn@4.1.0' },
    '',
    'yarn',
    '4.1.0',
    'yarn install --no-immutable',
  ],
  [
    'a packageManager that is none',
    ['package-lock.json'],
    { packageManager: 'evil; rm -rf /@1' },
    '',
    'npm',
    undefined,
    'npm ci',
  ],
  [
    'a packageManager with a version that is none',
    ['yarn.lock'],
    { packageManager: 'yarn@../../x' },
    '# yarn lockfile v1',
    'yarn',
    '1',
    'yarn install --frozen-lockfile --non-interactive',
  ],
  [
    'devEngines.packageManager',
    ['pnpm-lock.yaml'],
    { devEngines: { packageManager: { name: 'pnpm', version: '9.15.9' } } },
    "lockfileVersion: '9.0'",
    'pnpm',
    '9.15.9',
    'pnpm install --frozen-lockfile',
  ],
  [
    'packageManager over devEngines',
    ['pnpm-lock.yaml'],
    { packageManager: 'pnpm@10.1.0', devEngines: { packageManager: { name: 'yarn', version: '4' } } },
    '',
    'pnpm',
    '10.1.0',
    'pnpm install --frozen-lockfile',
  ],
  [
    'a list of devEngines',
    ['yarn.lock'],
    { devEngines: { packageManager: [{ name: 'deno' }, { name: 'yarn', version: '4.1.0' }] } },
    BERRY,
    'yarn',
    '4.1.0',
    'yarn install --immutable',
  ],
  [
    'engines.pnpm',
    ['pnpm-lock.yaml'],
    { engines: { pnpm: '9.x' } },
    "lockfileVersion: '9.0'",
    'pnpm',
    '9.x',
    'pnpm install --frozen-lockfile',
  ],
  ['engines.npm', ['package-lock.json'], { engines: { npm: '>=10' } }, '', 'npm', '>=10', 'npm ci'],
  ['engines.yarn', ['yarn.lock'], { engines: { yarn: '^3.2.0' } }, BERRY, 'yarn', '^3.2.0', 'yarn install --immutable'],
  [
    'volta',
    ['yarn.lock'],
    { volta: { node: '20.1.0', yarn: '1.22.19' }, engines: { yarn: '>=1' } },
    '# yarn lockfile v1',
    'yarn',
    '1.22.19',
    'yarn install --frozen-lockfile --non-interactive',
  ],
  [
    'a workspace of pnpm without a lock file',
    ['pnpm-workspace.yaml'],
    {},
    '',
    'pnpm',
    '10',
    'pnpm install --no-frozen-lockfile',
  ],
  ['settings of yarn without a lock file', ['.yarnrc.yml'], {}, '', 'yarn', '4', 'yarn install --no-immutable'],
  ['settings of bun without a lock file', ['bunfig.toml'], {}, '', 'bun', undefined, 'bun install --no-save'],
  [
    'workspace: in a workspace of package.json',
    [],
    { workspaces: ['packages/*'], dependencies: { lib: 'workspace:*' } },
    '',
    'yarn',
    '4',
    'yarn install --no-immutable',
  ],
  [
    'workspace: elsewhere',
    [],
    { dependencies: { lib: 'workspace:^' } },
    '',
    'pnpm',
    '10',
    'pnpm install --no-frozen-lockfile',
  ],
  [
    'a workspace that npm knows',
    [],
    { workspaces: ['packages/*'], dependencies: { lib: '*' } },
    '',
    'npm',
    undefined,
    'npm install --no-package-lock',
  ],
];

const sources = (
  files: readonly string[],
  json: object,
  head: string,
  rest: Partial<ManagerSources> = {},
): ManagerSources => ({
  files,
  packages: [json as Record<string, unknown>],
  versions: {},
  text: (file) => (files.includes(file) && file !== '.yarnrc.yml' ? head : undefined),
  ...rest,
});

for (const [what, files, json, head, name, version, install] of ROWS) {
  test(`${what}: ${install}`, () => {
    const { manager } = detectPackageManager(sources(files, json, head));
    assert.equal(manager.name, name);
    assert.equal(manager.version, version);
    const resolved =
      manager.version === undefined ? '1.0.0' : manager.version.replace(/[^\d.].*$/, '').replace(/^\D/, '');
    assert.equal(
      installCommand(
        manager,
        /^\d+\.\d+\.\d+$/.test(resolved) ? resolved : `${/\d+/.exec(manager.version ?? '1')?.[0]}.0.0`,
      ).join(' '),
      install,
    );
  });
}

test('a version file names the version where package.json does not, and engines is resolved within what the lock file requires', () => {
  const lock = "lockfileVersion: '9.0'";
  assert.equal(
    detectPackageManager(
      sources(['pnpm-lock.yaml'], { engines: { pnpm: '>=8' } }, lock, { versions: { pnpm: '9.1.0' } }),
    ).manager.version,
    '9.1.0',
  );
  const { manager } = detectPackageManager(sources(['pnpm-lock.yaml'], { engines: { pnpm: '>=8' } }, lock));
  assert.deepEqual([manager.version, manager.preferred], ['>=8', '10']);
});

test('a manager is known by its name alone, by engines, and by a field of its own', () => {
  const nameOf = (json: object, files: readonly string[] = []): string =>
    detectPackageManager(sources([...files], { ...json }, '')).manager.name;
  for (const packageManager of ['pnpm', '^pnpm@9.0.0', ' pnpm@10.1.0 ', 'pnpm@latest'])
    assert.equal(nameOf({ packageManager }), 'pnpm', packageManager);
  assert.equal(nameOf({ engines: { node: '>=20', npm: 'please-use-pnpm', pnpm: '>=9' } }), 'pnpm');
  assert.equal(nameOf({ engines: { bun: '>=1.1' } }), 'bun');
  assert.equal(nameOf({ pnpm: { overrides: {} } }), 'pnpm');
  assert.equal(nameOf({ engines: { yarn: '>=1', pnpm: '>=9' } }), 'npm', 'two are none');
  assert.equal(nameOf({ engines: { pnpm: '>=9' } }, ['yarn.lock']), 'yarn', 'a lock file is surer');
  assert.equal(nameOf({ packageManager: 'cnpm@1' }), 'npm');
});

test('the hash of packageManager is stored to be checked', () => {
  const hash = (text: string) => detectPackageManager(sources([], { packageManager: text }, '')).manager.hash;
  assert.deepEqual(hash('pnpm@10.2.0+sha512.AbC123'), { algorithm: 'sha512', hex: 'abc123' });
  assert.deepEqual(hash('yarn@4.9.1+sha224.00ff'), { algorithm: 'sha224', hex: '00ff' });
  assert.equal(hash('npm@11.0.0+build.5'), undefined);
  assert.equal(hash('npm@11.0.0'), undefined);
});

const LOCKS: Readonly<Record<string, string>> = {
  'pnpm-lock.yaml':
    "lockfileVersion: '9.0'\n\nimporters:\n\n  .:\n    dependencies:\n      ms:\n        specifier: ^1.0.0\n        version: 1.0.0\n      '@a/b':\n        specifier: '>=2'\n        version: 2.0.0\n",
  'package-lock.json': '{ "packages": { "": { "dependencies": { "ms": "^2.1.3", "@a/b": ">=2" } } } }',
  'yarn.lock': '# yarn lockfile v1\n\n"@a/b@>=2":\n  version "2.0.0"\n\nms@^2.0.0:\n  version "2.0.0"\n',
};
test('of two lock files the one that package.json fits is taken, and the other is named', () => {
  const both = (ms: string, ...files: readonly string[]) =>
    detectPackageManager({
      files,
      packages: [{ dependencies: { ms, '@a/b': '>=2' } }],
      versions: {},
      text: (file) => LOCKS[file],
    });
  for (const [range, taken] of [
    ['^2.1.3', 'package-lock.json'],
    ['^1.0.0', 'pnpm-lock.yaml'],
    ['^9.9.9', 'pnpm-lock.yaml'],
  ] as const) {
    const { manager, ignored } = both(range, 'pnpm-lock.yaml', 'package-lock.json');
    assert.equal(manager.lockFile, taken, range);
    assert.deepEqual(
      ignored,
      ['pnpm-lock.yaml', 'package-lock.json'].filter((file) => file !== taken),
    );
  }
  assert.equal(both('^2.0.0', 'package-lock.json', 'yarn.lock').manager.name, 'yarn');
  assert.equal(both('^2.1.3', 'yarn.lock').manager.lockFile, 'yarn.lock', 'one alone is not doubted');
});

test("Plug'n'Play is the default of yarn from 2 on, and its settings are read as YAML", () => {
  const pnp = (version: string, text?: string) => usesPlugAndPlay(version, yarnSettings(text, undefined));
  assert.equal(pnp('4.9.1'), true);
  assert.equal(pnp('3.8.7', '# plain\nnodeLinker: "pnp"\n'), true);
  assert.equal(pnp('4.9.1', 'nodeLinker: node-modules\nenableScripts: true\n'), false);
  assert.equal(pnp('4.9.1', "nodeLinker: 'pnpm'"), false);
  assert.equal(pnp('1.22.22'), false);
});

test('a .yarnrc of nothing but empty lines is read soon', () => {
  const started = performance.now();
  for (const piece of ['\n', '\r\n', ' \n', '\t', 'yarn-path ', 'yarn-path\n'])
    yarnSettings(undefined, piece.repeat(Math.floor(65_536 / piece.length)));
  assert.ok(performance.now() - started < 1_000, `${performance.now() - started} ms`);
});

test('a yarn in the repository is found, inside of it only', () => {
  assert.deepEqual(yarnSettings(undefined, '# x\r\n\r\n  yarn-path ".yarn/releases/yarn-1.22.19.js" \r\nx y\r\n'), {
    path: '.yarn/releases/yarn-1.22.19.js',
    version: '1.22.19',
  });
  assert.deepEqual(yarnSettings('yarnPath: .yarn/releases/yarn-4.9.1.cjs\n', undefined), {
    path: '.yarn/releases/yarn-4.9.1.cjs',
    version: '4.9.1',
  });
  assert.deepEqual(yarnSettings(undefined, '# x\nyarn-path ".yarn/releases/yarn-1.22.19.js"\n'), {
    path: '.yarn/releases/yarn-1.22.19.js',
    version: '1.22.19',
  });
  for (const path of ['../yarn-4.9.1.cjs', '/etc/yarn-4.9.1.cjs', 'a/../../x.cjs'])
    assert.deepEqual(yarnSettings(`yarnPath: ${path}`, undefined), {}, path);
  for (const text of ['nodeLinker: [', '- a', 'a: &a [*a]', 'yarnPath: 5', ''])
    assert.deepEqual(yarnSettings(text, undefined), {}, text);
});

test('whatever package.json and lock files hold: a result comes soon, and its name and version are ones that exist', () => {
  const odd = fc.oneof(
    fc.string(),
    fc.constantFrom(
      'pnpm@',
      'pnpm@9',
      'yarn@*',
      '__proto__',
      '>=1 <2 || 3',
      'workspace:*',
      'npm@1+sha512.' + 'f'.repeat(9999),
    ),
    fc.integer(),
    fc.constant(null),
    fc.array(fc.string(), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('name', 'version', 'npm', 'pnpm', 'yarn', 'bun', '__proto__'), fc.string()),
  );
  const json = fc.dictionary(
    fc.constantFrom('packageManager', 'devEngines', 'volta', 'engines', 'dependencies', 'workspaces', '__proto__'),
    fc.oneof(odd, fc.dictionary(fc.constantFrom('packageManager', 'pnpm', 'yarn', 'name'), odd)),
  );
  const files = fc.subarray([
    'pnpm-lock.yaml',
    'yarn.lock',
    'package-lock.json',
    'bun.lock',
    '.yarnrc.yml',
    'pnpm-workspace.yaml',
  ]);
  fc.assert(
    fc.property(json, files, fc.string(), (value, names, content) => {
      const { manager, ignored } = detectPackageManager({
        files: names,
        packages: [undefined, value],
        versions: {},
        text: () => content,
      });
      assert.ok(['npm', 'pnpm', 'yarn', 'bun'].includes(manager.name));
      assert.ok(ignored.every((file) => names.includes(file)));
      yarnSettings(content, content);
    }),
    { numRuns: 2000 },
  );
});
