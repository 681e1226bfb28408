import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import fc from 'fast-check';
import { namedNode, toolVersions, type VersionFolder } from './node-version.ts';
import { parseMise, parseToolVersions, parseVersionFile } from './version-files.ts';

type Files = Readonly<Record<string, string | object>>;
const folder = (path: string, files: Files): VersionFolder => ({
  folder: path,
  packageJson: files['package.json'] as VersionFolder['packageJson'],
  text: (name) => (typeof files[name] === 'string' ? files[name] : undefined),
});

/**
 * The files of a repository, and which version counts. The first source that names one wins; each row removes the
 * winner of the row before it.
 */
const PRECEDENCE: readonly (readonly [file: string, content: string | object, range: string])[] = [
  ['.nvmrc', '20.1.0\n', '20.1.0'],
  ['.node-version', '20.2.0', '20.2.0'],
  ['.tool-versions', 'python 3.12\nnodejs 20.3.0\n', '20.3.0'],
  ['mise.toml', '[tools]\nnode = "20.4.0"\n', '20.4.0'],
  ['.mise.toml', '[tools]\nnode = ["20.5.0", "18"]\n', '20.5.0'],
  ['.config/mise.toml', '[tools]\nnode = { version = "20.6.0" }\n', '20.6.0'],
];
const FIELDS = {
  volta: { node: '20.7.0' },
  devEngines: { runtime: { name: 'node', version: '20.8.0' } },
  engines: { node: '20.9.0' },
};

test('a file that starts with a byte order mark has the same result', () => {
  for (const [file, content] of PRECEDENCE)
    assert.equal(
      namedNode([folder('', { [file]: `\uFEFF${String(content).replaceAll('\n', '\r\n')}` })])?.range.trim(),
      namedNode([folder('', { [file]: content })])?.range,
      file,
    );
});

test('a version with the name that node-build gives it is that version', () => {
  assert.equal(namedNode([folder('', { '.node-version': 'node-22.1.0\n' })])?.range, '22.1.0');
  assert.equal(namedNode([folder('', { '.nvmrc': 'node-v20' })])?.range, '20');
  assert.equal(namedNode([folder('', { '.nvmrc': 'node' })])?.range, 'node');
});

test('sources of the Node version, in the order of their precedence', () => {
  const files: Record<string, string | object> = {
    ...Object.fromEntries(PRECEDENCE.map(([file, content]) => [file, content])),
    'package.json': { ...FIELDS },
  };
  for (const [file, , range] of PRECEDENCE) {
    assert.deepEqual(namedNode([folder('', files)]), { range, from: file });
    delete files[file];
  }
  const json: Record<string, unknown> = { ...FIELDS };
  for (const [field, from, range] of [
    ['volta', 'volta.node', '20.7.0'],
    ['devEngines', 'devEngines.runtime', '20.8.0'],
    ['engines', 'engines.node', '20.9.0'],
  ] as const) {
    assert.deepEqual(namedNode([folder('', { 'package.json': { ...json } })]), {
      range,
      from: `${from} in package.json`,
    });
    delete json[field];
  }
  assert.equal(namedNode([folder('', { 'package.json': {} })]), undefined);
});

test('the project goes before the folders around it, a version file anywhere before package.json', () => {
  const project = folder('apps/web', { 'package.json': { engines: { node: '22' } }, '.nvmrc': '24' });
  assert.deepEqual(namedNode([project, folder('', { '.nvmrc': '20' })]), { range: '24', from: 'apps/web/.nvmrc' });
  assert.deepEqual(
    namedNode([folder('apps/web', { 'package.json': { engines: { node: '22' } } }), folder('', { '.nvmrc': '20' })]),
    { range: '20', from: '.nvmrc' },
  );
  assert.deepEqual(
    namedNode([
      folder('apps/web', { 'package.json': { engines: { node: '22' } } }),
      folder('', { 'package.json': { engines: { node: '20' } } }),
    ]),
    { range: '22', from: 'engines.node in apps/web/package.json' },
  );
  assert.deepEqual(namedNode([folder('apps/web', {}), folder('', { 'package.json': { engines: { node: '20' } } })]), {
    range: '20',
    from: 'engines.node in package.json',
  });
});

test('what names no version that exists elsewhere does not count', () => {
  for (const text of [
    'nodejs system',
    'nodejs path:/opt/node',
    'nodejs ref:main',
    'nodejs',
    '# nodejs 20',
    'nodejs # 20',
    '',
  ])
    assert.equal(parseToolVersions(text).node, undefined, text);
  assert.equal(parseVersionFile('# only a comment\n\n'), undefined);
  assert.equal(parseVersionFile('22 # why\n'), '22');
  assert.equal(parseToolVersions('nodejs 22.11.0 20.0.0 # two\r\npnpm 9.1.0').node, '22.11.0');
  assert.equal(
    namedNode([
      folder('', {
        'package.json': {
          devEngines: {
            runtime: [
              { name: 'bun', version: '1' },
              { name: 'node', version: '22.x' },
            ],
          },
          engines: { node: [] },
        },
      }),
    ])?.range,
    '22.x',
  );
  assert.equal(parseMise('[tools]\n"core:node" = "lts-iron"\n"npm:pnpm" = "9"\nbun = 1').node, 'lts/iron');
  assert.deepEqual(parseMise('tools = "node"'), {});
  assert.deepEqual(
    toolVersions([
      folder('a', { '.tool-versions': 'pnpm 9.0.0' }),
      folder('', { 'mise.toml': '[tools]\npnpm = "8"\nyarn = "4"' }),
    ]),
    { pnpm: '9.0.0', yarn: '4' },
  );
});

test('whatever a version file holds: parsing ends soon and gives short plain text', () => {
  const pieces = fc.constantFrom(
    'node',
    'nodejs',
    'pnpm',
    ' ',
    '\n',
    '#',
    '"',
    "'",
    '[tools]',
    '=',
    '{',
    '}',
    '[',
    ']',
    'version',
    '20',
    '.',
    '\0',
    '__proto__',
    'constructor',
    '\u2028',
    'é',
  );
  const texts = fc.oneof(
    fc.string(),
    fc.array(pieces, { maxLength: 60 }).map((each) => each.join('')),
  );
  fc.assert(
    fc.property(texts, (text) => {
      const line = parseVersionFile(text);
      for (const version of [
        ...Object.values(parseToolVersions(text)),
        ...Object.values(parseMise(text)),
        ...(line === undefined ? [] : [line]),
      ]) {
        assert.ok(typeof version === 'string' && version.length > 0 && version.length <= 64 && !version.includes('\n'));
      }
    }),
    { numRuns: 2000 },
  );
  const started = performance.now();
  for (const text of ['['.repeat(4000), 'a.'.repeat(2000), '#'.repeat(4096), 'node = ['.repeat(500)])
    for (const parse of [parseMise, parseToolVersions, parseVersionFile]) parse(text);
  assert.ok(performance.now() - started < 2000);
});
