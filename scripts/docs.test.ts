import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { MIGRATIONS } from '@anchor/adapter-local/sqlite/migrations.ts';
import { FLAGS } from '../apps/local/src/flags.ts';
import { madePages } from './docs/pages.ts';

const root = join(import.meta.dirname, '..');
const pages = globSync(['*.md', 'docs/**/*.md', 'examples/*/*.md'], { cwd: root }).sort();
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

for (const [path, text] of Object.entries(madePages(root))) {
  test(`${path} says what the code does (else: node scripts/docs.ts)`, () => assert.equal(read(path), text));
}

/** As GitHub makes a heading's address. */
const slug = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replaceAll(' ', '-');
const headings = (path: string): ReadonlySet<string> =>
  new Set([...read(path).matchAll(/^#{1,6} (.+)$/gm)].map((match) => slug(match[1]!)));

for (const page of pages) {
  test(`every link and picture of ${page} is there`, () => {
    const text = read(page).replaceAll(/```[\s\S]*?```/g, '');
    const missing = [...text.matchAll(/\]\(([^)\s]+)\)/g), ...text.matchAll(/(?:src|href)="([^"]+)"/g)]
      .map((match) => match[1]!)
      .filter((target) => !/^[a-z]+:/.test(target))
      .filter((target) => {
        const [path = '', heading] = target.split('#');
        const file = path === '' ? page : join(dirname(page), path);
        return !existsSync(join(root, file)) || (heading !== undefined && !headings(file).has(heading));
      });
    assert.deepEqual(missing, []);
  });

  test(`every file that ${page} names in its tables is there`, () => {
    const named = [...read(page).matchAll(/^\|.*$/gm)].flatMap(([row]) =>
      [...row.matchAll(/`((?:packages|apps|scripts|examples|e2e|bench)\/[\w./*-]+)(?::\w+)?`/g)].map(
        (match) => match[1]!,
      ),
    );
    assert.deepEqual(
      named.filter((path) => globSync(path.replace(/\/$/, ''), { cwd: root }).length === 0),
      [],
    );
  });
}

test('every `file:function` of ARCHITECTURE.md is there', () => {
  const named = [...read('ARCHITECTURE.md').matchAll(/`((?:packages|apps)\/[\w./-]+\.ts):([#\w]+)`/g)].map(
    ([, path = '', name = '']) => ({ path, name }),
  );
  assert.ok(named.length > 10);
  const missing = named.filter(
    ({ path, name }) => !existsSync(join(root, path)) || !new RegExp(`(?<![\\w#])${name}\\b`).test(read(path)),
  );
  assert.deepEqual(missing, []);
});

/** How a file names its tests, and what it makes several of; what is put in when it runs is an ellipsis. */
const titles = (path: string): readonly string[] =>
  [...read(path).matchAll(/\b(?:(?:test|describe)\(|name: )(['"`])((?:\\.|(?!\1).)*)\1/g)].map((match) =>
    match[2]!.replaceAll(/\\(.)/g, '$1').replaceAll(/\$\{[^}]*\}/g, '…'),
  );

test('every test that docs/nextjs.md names in its tables is there, and each row with a file of tests names one', () => {
  const wrong: string[] = [];
  for (const [row] of read('docs/nextjs.md').matchAll(/^\|.*`e2e\/next\/.*$/gm)) {
    // `file`, `file`: *title*, *title*; `file`: *title*
    const groups = [...row.matchAll(/((?:`e2e\/next\/[\w./-]+`(?:, )?)+)((?:(?:: |, )\*[^*]+\*)*)/g)];
    for (const [, files = '', named = ''] of groups) {
      const titlePrefixes = [...named.matchAll(/\*([^*]+)\*/g)].map((match) => match[1]!);
      if (titlePrefixes.length === 0) wrong.push(`${files} names no test`);
      for (const [, file = ''] of files.matchAll(/`([^`]+)`/g))
        wrong.push(
          ...titlePrefixes
            .filter((prefix) => !titles(file).some((title) => title.startsWith(prefix)))
            .map((prefix) => `${file}: ${prefix}`),
        );
    }
  }
  assert.deepEqual(wrong, []);
});

test('docs/nextjs.md names every file with tests of Next.js', () => {
  const page = read('docs/nextjs.md');
  const own = globSync('e2e/next/**/*.ts', { cwd: root }).filter((path) => /^ *test\(/m.test(read(path)));
  assert.deepEqual(
    own.filter((path) => !page.includes(`\`${path}\``)),
    [],
  );
});

test('each row of the table of shared resources has a limit, an effect, settings that exist and a file with tests', () => {
  const [, section = ''] = read('docs/isolation.md').split('## Shared resources and their limits\n');
  const rows = [...section.split(/^## /m)[0]!.matchAll(/^\| .*$/gm)]
    .map(([row]) =>
      row
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    )
    .slice(1);
  assert.ok(rows.length > 10);
  for (const [resource, limit, effect, setting, tests, ...more] of rows) {
    assert.ok(resource && limit && effect && setting && tests && more.length === 0, `five filled columns: ${resource}`);
    for (const [, flag = ''] of setting.matchAll(/`--([a-z-]+)/g))
      assert.ok(flag in FLAGS, `${resource}: ./up has no --${flag}`);
    const files = [...tests.matchAll(/`([^`]+)`/g)].flatMap((match) =>
      match[1]!.endsWith('/') ? globSync(`${match[1]}*.test.ts`, { cwd: root }) : [match[1]!],
    );
    assert.ok(files.length > 0, `${resource} names no test`);
    for (const file of files) assert.match(read(file), /\btest\(/, `${resource}: ${file} has no tests`);
  }
});

test('the changelog names the schema of the database once, and it is the newest', () => {
  const unreleased = read('CHANGELOG.md').split(/^## /m)[1] ?? '';
  assert.deepEqual(
    [...unreleased.matchAll(/goes to schema (\d+)/g)].map((match) => Number(match[1])),
    [MIGRATIONS.at(-1)?.version],
  );
});
