import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { WebComponent } from '@anchor/protocol/artifact/web/component.ts';
import { RouteMatcher } from './route-matcher.ts';

const plans = (): RouteMatcher => {
  const web: WebComponent = {
    kind: 'web',
    framework: { name: 'nextjs' },
    basePath: '',
    trailingSlash: false,
    files: {},
    prerenders: {},
    routing: {
      beforeMiddleware: [
        { sourceRegex: '^/a$', headers: { 'x-all': '1' } },
        { sourceRegex: '^/a$', headers: { 'x-guest': '$guest' }, has: [{ type: 'cookie', key: 'guest' }] },
      ],
      middlewareMatchers: [],
      beforeFiles: [],
      onMatch: [],
    },
  };
  return new RouteMatcher(web);
};
const facts = (cookie?: string) => ({
  headers: cookie === undefined ? {} : { cookie },
  host: 'a.localhost',
  query: '',
  budget: { left: 100_000 },
});

test('identical requests get the identical list of headers, others a list of their own', () => {
  const all = plans();
  const first = all.decide('/a', '/a', facts());
  assert.deepEqual(first, { kind: 'pass', headers: [['x-all', '1']], pages: true });
  assert.equal(all.decide('/a', '/a', facts()), first);
  const ada = all.decide('/a', '/a', facts('guest=ada'));
  assert.deepEqual(ada, {
    kind: 'pass',
    headers: [
      ['x-all', '1'],
      ['x-guest', 'ada'],
    ],
    pages: true,
  });
  assert.equal(all.decide('/a', '/a', facts('guest=ada')), ada);
  assert.deepEqual(all.decide('/a', '/a', facts('guest=bob')), {
    kind: 'pass',
    headers: [
      ['x-all', '1'],
      ['x-guest', 'bob'],
    ],
    pages: true,
  });
  assert.deepEqual(all.decide('/a', '/a', facts()), first);
});

test('a component with more rules than an edge tries is left to its function', () => {
  assert.equal(new RouteMatcher({ undecided: true }).decide('/a', '/a', facts()).kind, 'function');
});

test('a path whose plan was evicted gets the same decision as before', () => {
  const all = plans();
  for (let i = 0; i < 5_000; i++) assert.equal(all.decide(`/${i}${'x'.repeat(100)}`, undefined, facts()).kind, 'pass');
  assert.deepEqual(all.decide('/a', '/a', facts()), { kind: 'pass', headers: [['x-all', '1']], pages: true });
});
