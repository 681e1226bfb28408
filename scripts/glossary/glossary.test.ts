import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { ALLOWED } from './allowed.ts';
import { findWords, unusedAllowances, wordsOf } from './find.ts';
import { countWords, lowered, rises } from './ratchet.ts';

const FIXTURE = join(import.meta.dirname, '../fixtures/glossary');
const found = findWords(FIXTURE);
const at = (path: string): readonly string[] =>
  found
    .filter((one) => one.path === path)
    .map(({ line, where, term }) => `${line} ${where} ${term}`)
    .sort();

test('words are found in comments, identifiers and messages, and not in code spans, patterns and keys', () => {
  assert.deepEqual(at('packages/core/src/words.ts'), [
    '1 prose anew',
    '1 prose can not',
    '2 identifier give way',
    '2 identifier kept',
    '2 identifier who',
    '4 identifier kept',
    '5 message somebody',
    '5 message try again',
  ]);
});

test('names of tests are prose, since no user reads them', () => {
  assert.deepEqual(at('packages/core/src/words.test.ts'), ['1 prose asked', '1 prose who']);
});

test('words are found in the prose of a page, and not in its code and addresses', () => {
  assert.deepEqual(at('docs/page.md'), ['1 prose who', '3 prose lies']);
});

test('words are found in the text of a script', () => {
  assert.deepEqual(at('up'), ['2 prose who', '3 message can not']);
});

test('a name that other programs know is allowed in the files that are listed, and nowhere else', () => {
  assert.deepEqual(at('scripts/imports/read-imports.ts'), []);
  assert.deepEqual(at('scripts/imports/other.ts'), ['1 identifier visit']);
});

test('an allowance that no identifier needs is reported', () => {
  const all = ALLOWED.flatMap(({ name, paths }) => paths.map((path) => `${path}: ${name}`));
  const used = 'scripts/imports/read-imports.ts: visit';
  assert.deepEqual(unusedAllowances(FIXTURE).toSorted(), all.filter((one) => one !== used).toSorted());
});

test('an identifier is read word by word', () => {
  assert.deepEqual(['MAX_KEPT_MB', '#openPlace', 'HTTPRoom', 'showNobody2', 'knownWhole'].map(wordsOf), [
    'max kept mb',
    'open place',
    'http room',
    'show nobody',
    'known whole',
  ]);
});

test('a message and an identifier may have no such word, and prose no more than is stored', () => {
  const counts = countWords(found);
  const shown = (list: ReturnType<typeof rises>): readonly string[] =>
    list.map(({ where, term, allowed, found: count }) => `${where} ${term} ${count}/${allowed}`);
  const none = ['identifier give way 1/0', 'identifier kept 2/0', 'identifier visit 1/0', 'identifier who 1/0'];
  const messages = ['message can not 1/0', 'message somebody 1/0', 'message try again 1/0'];
  assert.deepEqual(shown(rises(found, counts)), [...none, ...messages]);
  const who = counts.prose['who'] ?? 0;
  const less = { prose: { ...counts.prose, who: who - 1 } };
  assert.deepEqual(
    shown(rises(found, less)).filter((line) => line.startsWith('prose')),
    [`prose who ${who}/${who - 1}`],
  );
});

test('a stored count is lowered to what is found and never raised', () => {
  const stored = { prose: { lies: 5, room: 2, who: 1 } };
  const counts = { prose: { lies: 3, who: 4, mend: 1 } };
  assert.deepEqual(lowered(stored, counts), { prose: { lies: 3, who: 1 } });
});
