import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compileRules, fill, fillDestination, matchRule, queryOf, searchOf, withQuery, type Asked } from './next-rules.ts';

const asked = (more: Partial<Asked> = {}): Asked => ({ query: {}, headers: {}, host: 'site.localhost', ...more });
const one = (rule: object) => compileRules([rule])[0]!;

test('captures are put in by number and name, the longest that is known; what is not known stays', () => {
  const captures = new Map([['1', 'a%20b'], ['2', ''], ['where', 'there'], ['x-who', 'me']]);
  assert.equal(fill('/to/$1/$where?x=$x-who&y=$none', captures), '/to/a%20b/there?x=me&y=$none');
  assert.equal(fill('/$1st', captures), '/a%20bst');
  assert.equal(fill('/base/$2', captures), '/base', 'a part that nothing was matched for goes with its slash');
  assert.equal(fill('/base/$2/end?q=$2', captures), '/base/end?q=');
});

test('a destination has its query apart, decoded, and its path as it is', () => {
  const captures = new Map([['1', 'a%2Fb'], ['2', 'c+d']]);
  assert.deepEqual(fillDestination('/to/$1?x=$1&y=$2&z=1&z=2', captures), { pathname: '/to/a%2Fb', query: { x: 'a/b', y: 'c+d', z: ['1', '2'] } });
});

test('conditions: all of has and none of missing, the whole value, with what they capture', () => {
  const rule = one({ sourceRegex: '^/a/([^/]+)$', has: [{ type: 'header', key: 'X-Who', value: '(?<name>\\w+)!' }, { type: 'query', key: 'q' }], missing: [{ type: 'cookie', key: 'out', value: 'yes' }] });
  const good = { headers: { 'x-who': 'me!', cookie: 'a=1; out=no' }, query: { q: ['1', '2'] } };
  assert.deepEqual([...matchRule(rule, '/a/b', asked(good))!], [['1', 'b'], ['name', 'me'], ['q', '2']]);
  assert.equal(matchRule(rule, '/a/b', asked({ ...good, headers: { 'x-who': 'it is me!' } })), undefined);
  assert.equal(matchRule(rule, '/a/b', asked({ ...good, headers: { 'x-who': 'me!', cookie: 'out=yes' } })), undefined);
  assert.equal(matchRule(rule, '/a/b', asked({ ...good, query: {} })), undefined);
  assert.equal(matchRule(rule, '/a', asked(good)), undefined);
});

test('names from outside are names only: __proto__ and the like', () => {
  assert.equal(searchOf(queryOf(new URLSearchParams('__proto__=1&constructor=2'))), '?__proto__=1&constructor=2');
  assert.equal(matchRule(one({ sourceRegex: '^/$', has: [{ type: 'query', key: 'constructor' }] }), '/', asked({ query: {} })), undefined);
});

test('a redirect keeps the request\'s query, its own parameters win, a fragment stays last', () => {
  assert.equal(withQuery('/a', '?x=1'), '/a?x=1');
  assert.equal(withQuery('/a?x=2', '?x=1&y=3'), '/a?x=2&y=3');
  assert.equal(withQuery('/a#part', '?x=1'), '/a?x=1#part');
  assert.equal(withQuery('/a', ''), '/a');
});

test('a query keeps every name and value, in order', () => {
  fc.assert(fc.property(fc.array(fc.tuple(fc.string({ minLength: 1 }), fc.string())), (pairs) => {
    const sent = new URLSearchParams(pairs);
    const got = new URLSearchParams(searchOf(queryOf(sent)));
    for (const name of new Set(sent.keys())) assert.deepEqual(got.getAll(name), sent.getAll(name));
  }));
});
