import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compileRules, fillDestination, matchRule, queryOf, searchOf, type MatchContext } from './rules.ts';

const contextOf = (more: Partial<MatchContext> = {}): MatchContext => ({
  query: {},
  headers: {},
  host: 'site.localhost',
  ...more,
});
const one = (rule: object) => compileRules([rule])[0]!;

test('a destination has its query apart, decoded, and its path as it is', () => {
  const captures = new Map([
    ['1', 'a%2Fb'],
    ['2', 'c+d'],
  ]);
  assert.deepEqual(fillDestination('/to/$1?x=$1&y=$2&z=1&z=2', captures), {
    pathname: '/to/a%2Fb',
    query: { x: 'a/b', y: 'c+d', z: ['1', '2'] },
  });
});

test('conditions: all of has and none of missing, the whole value, with what they capture', () => {
  const rule = one({
    sourceRegex: '^/a/([^/]+)$',
    has: [
      { type: 'header', key: 'X-Who', value: '(?<name>\\w+)!' },
      { type: 'query', key: 'q' },
    ],
    missing: [{ type: 'cookie', key: 'out', value: 'yes' }],
  });
  const good = { headers: { 'x-who': 'me!', cookie: 'a=1; out=no' }, query: { q: ['1', '2'] } };
  assert.deepEqual(
    [...matchRule(rule, '/a/b', contextOf(good))!],
    [
      ['1', 'b'],
      ['name', 'me'],
      ['q', '2'],
    ],
  );
  assert.equal(matchRule(rule, '/a/b', contextOf({ ...good, headers: { 'x-who': 'it is me!' } })), undefined);
  assert.equal(
    matchRule(rule, '/a/b', contextOf({ ...good, headers: { 'x-who': 'me!', cookie: 'out=yes' } })),
    undefined,
  );
  assert.equal(matchRule(rule, '/a/b', contextOf({ ...good, query: {} })), undefined);
  assert.equal(matchRule(rule, '/a', contextOf(good)), undefined);
});

test('names from outside are names only: __proto__ and the like', () => {
  assert.equal(searchOf(queryOf(new URLSearchParams('__proto__=1&constructor=2'))), '?__proto__=1&constructor=2');
  assert.equal(
    matchRule(one({ sourceRegex: '^/$', has: [{ type: 'query', key: 'constructor' }] }), '/', contextOf({ query: {} })),
    undefined,
  );
});

test('a query keeps every name and value, in order', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.string({ minLength: 1 }), fc.string())), (pairs) => {
      const sent = new URLSearchParams(pairs);
      const got = new URLSearchParams(searchOf(queryOf(sent)));
      for (const name of new Set(sent.keys())) assert.deepEqual(got.getAll(name), sent.getAll(name));
    }),
  );
});
