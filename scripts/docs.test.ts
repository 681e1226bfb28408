import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { madePages } from './docs/pages.ts';

const root = join(import.meta.dirname, '..');
const pages = globSync(['*.md', 'docs/**/*.md', 'examples/*/*.md'], { cwd: root }).sort();
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

for (const [path, text] of Object.entries(madePages(root))) {
  test(`${path} says what the code does (else: node scripts/docs.ts)`, () => assert.equal(read(path), text));
}

/** As GitHub makes a heading's address. */
const slug = (heading: string): string => heading.toLowerCase().replaceAll(/[^\p{L}\p{N}\s_-]/gu, '').trim().replaceAll(' ', '-');
const headings = (path: string): ReadonlySet<string> => new Set([...read(path).matchAll(/^#{1,6} (.+)$/gm)].map((match) => slug(match[1]!)));

for (const page of pages) {
  test(`every link and picture of ${page} is there`, () => {
    const text = read(page).replaceAll(/```[\s\S]*?```/g, '');
    const missing = [...text.matchAll(/\]\(([^)\s]+)\)/g), ...text.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1]!).filter((target) => !/^[a-z]+:/.test(target)).filter((target) => {
      const [path = '', heading] = target.split('#');
      const file = path === '' ? page : join(dirname(page), path);
      return !existsSync(join(root, file)) || (heading !== undefined && !headings(file).has(heading));
    });
    assert.deepEqual(missing, []);
  });

  test(`every file that ${page} names in its tables is there`, () => {
    const named = [...read(page).matchAll(/^\|.*$/gm)].flatMap(([row]) => [...row.matchAll(/`((?:packages|apps|scripts|examples|e2e|bench)\/[\w./*-]+)`/g)].map((match) => match[1]!));
    assert.deepEqual(named.filter((path) => globSync(path.replace(/\/$/, ''), { cwd: root }).length === 0), []);
  });
}

/** How a file names its tests, and what it makes several of; what is put in when it runs is an ellipsis. */
const titles = (path: string): readonly string[] =>
  [...read(path).matchAll(/\b(?:(?:test|describe)\(|name: )(['"`])((?:\\.|(?!\1).)*)\1/g)].map((match) => match[2]!.replaceAll(/\\(.)/g, '$1').replaceAll(/\$\{[^}]*\}/g, '…'));

test('every test that docs/nextjs.md names in its tables is there, and each row with a file of tests names one', () => {
  const wrong: string[] = [];
  for (const [row] of read('docs/nextjs.md').matchAll(/^\|.*`e2e\/next\/.*$/gm)) {
    // `file`, `file`: *title*, *title*; `file`: *title*
    const groups = [...row.matchAll(/((?:`e2e\/next\/[\w./-]+`(?:, )?)+)((?:(?:: |, )\*[^*]+\*)*)/g)];
    for (const [, files = '', named = ''] of groups) {
      const beginnings = [...named.matchAll(/\*([^*]+)\*/g)].map((match) => match[1]!);
      if (beginnings.length === 0) wrong.push(`${files} names no test`);
      for (const [, file = ''] of files.matchAll(/`([^`]+)`/g)) wrong.push(...beginnings.filter((beginning) => !titles(file).some((title) => title.startsWith(beginning))).map((beginning) => `${file}: ${beginning}`));
    }
  }
  assert.deepEqual(wrong, []);
});

test('docs/nextjs.md names every file with tests of Next.js', () => {
  const page = read('docs/nextjs.md');
  const own = globSync('e2e/next/**/*.ts', { cwd: root }).filter((path) => /^ *test\(/m.test(read(path)));
  assert.deepEqual(own.filter((path) => !page.includes(`\`${path}\``)), []);
});
