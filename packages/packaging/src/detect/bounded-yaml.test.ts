import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { parse } from 'yaml';
import { yamlFields } from './bounded-yaml.ts';

const READ: readonly string[] = [
  'packages:\n  - apps/*\n  - "packages/*"\n',
  '# ws\npackages:\n- a\n# between\n- b\n\ncatalog:\n  react: 19\n',
  'catalog:\n  x: "packages: no"\npackages: [ "a", "b/**",\n  "!c"\n]\nother: 1\n',
  'packages:\n',
  'onlyBuiltDependencies:\n  - esbuild\n',
  "'packages':\n  - 'a'\n",
  '"packages" : ["x"]',
  '---\npackages:\n  - a\n',
  '{ "packages": ["a"], "b": 1 }',
  'packagesX:\n  - no\npackages: []\n',
  'packages:\r\n  - a\r\n  - b\r\nx: 1\r\n',
  '',
];
for (const text of READ) {
  test(`the list in ${JSON.stringify(text).slice(0, 60)} is read as the whole file says`, () => {
    const whole: unknown = parse(text);
    const expected =
      typeof whole === 'object' && whole !== null && 'packages' in whole ? { packages: whole.packages } : {};
    assert.deepEqual({ ...yamlFields(text, ['packages']) }, expected);
    assert.deepEqual({ ...yamlFields(`\uFEFF${text}`, ['packages']) }, expected);
  });
}

test('text that a parser takes minutes for is no field, soon', () => {
  // Processor time of this thread: a busy machine does not count.
  const before = process.threadCpuUsage();
  const pieces = [
    '[',
    '[[',
    '{',
    '{a: [',
    '- [',
    'a: {',
    '? ',
    '? - ',
    'a: ? ',
    '[? ',
    '- - ',
    '- a: ',
    '*a ',
    '&a [*a, ',
    '"',
    'a: \n ',
    '\n',
    'packages:\n',
  ];
  for (const piece of pieces) {
    const long = piece.repeat(Math.floor(65_000 / piece.length));
    for (const text of [
      long,
      `packages: ${long}`,
      `packages:\n ${long}`,
      `packages: ${long.slice(0, 16_000)}`,
      `packages:\n- ${long.slice(0, 16_000)}`,
      `{ packages: ${long.slice(0, 16_000)}`,
    ])
      yamlFields(text, ['packages', 'nodeLinker']);
  }
  const { user, system } = process.threadCpuUsage(before);
  assert.ok(user + system < 10_000_000, `${user + system} µs`);
});
