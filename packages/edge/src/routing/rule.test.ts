import assert from 'node:assert/strict';
import { test } from 'node:test';
import { substitute, withQuery } from './rule.ts';

test('captures are put in by number and by name, what is unknown stays', () => {
  const match = /^\/(?<lang>\w+)\/(\w+)$/.exec('/en/page')!;
  assert.equal(substitute('/$lang/$2?x=$who&y=$9&z=$none', match, new Map([['who', 'bob']])), '/en/page?x=bob&y=$9&z=$none');
  assert.equal(substitute('plain', match, new Map()), 'plain');
});

test('a redirect keeps the query, the target\'s own parameters win, a fragment stays last', () => {
  assert.equal(withQuery('/a', 'x=1'), '/a?x=1');
  assert.equal(withQuery('/a?x=2', 'x=1&y=3'), '/a?x=2&y=3');
  assert.equal(withQuery('/a?x=2', 'x=1'), '/a?x=2');
  assert.equal(withQuery('/a#top', 'x=1'), '/a?x=1#top');
  assert.equal(withQuery('/a', ''), '/a');
});
