import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { WebComponent } from '@anchor/core/artifact/manifest.ts';
import { boundedPattern, mayBeSlow, TooSlow } from './bounded.ts';
import { RoutingPlans } from './plan.ts';

test('an expression that would take minutes is given up, and says so', () => {
  const text = `/${'a'.repeat(60)}!`;
  for (const source of ['^/(a+)+$', '^(?!/_next)/(?:(?:a|a)*)(?:/)?$', '^/(?:a*)*$', '^/(a|aa)+$', '(.*)(.*)(.*)(.*)(.*)(.*)(.*)=x', '^/([^/]+?[^/]+?)*$', '^/(a{1,30}){1,30}$', '^/(.*)\\1\\1$|^/((a+)+)$']) {
    assert.ok(mayBeSlow(source), source);
    const begun = performance.now();
    try {
      boundedPattern(source, 'i').exec(text.repeat(source.startsWith('(.*)') ? 100 : 1));
    } catch (error) {
      assert.ok(error instanceof TooSlow);
    }
    assert.ok(performance.now() - begun < 2_000, source);
  }
  assert.throws(() => boundedPattern('^/(a+)+$').exec(text), TooSlow);
});

test('what Next.js makes of common sources is matched directly', () => {
  for (const source of ['^(?!/_next)(?:/((?:[^/]+?)(?:/(?:[^/]+?))*))?(?:/)?$', '^(?:\\/((?!_next\\/)(.*)))?(?:\\/)?$', '^/blog(?:/([^/]+?))(?:/([^/]+?))(?:/)?$', '^/old(?:/(.*))(?:/)?$', '^/_next/static/(?:[^/]+/pages|pages|chunks|runtime|css|image|media)/.+$', '^/post-(\\d+)(?:/)?$']) assert.equal(mayBeSlow(source), false, source);
});

test('a slow expression still matches what it matches', () => {
  assert.deepEqual([...(boundedPattern('^/(a+)+(b)?$', 'i').exec('/AAb') ?? [])], ['/AAb', 'AA', 'b']);
  assert.equal(boundedPattern('^/(a+)+$').exec('/b'), null);
});

test('a site whose rule takes too long is left to its function from then on', () => {
  const rule = { sourceRegex: '^(?!/_next)/(?:(a+)+)(?:/)?$', headers: { 'x-a': '1' } };
  const web: WebComponent = { kind: 'web', framework: { name: 'nextjs' }, basePath: '', trailingSlash: false, files: {}, prerenders: {}, routing: { beforeMiddleware: [rule], middlewareMatchers: [], beforeFiles: [], onMatch: [] } };
  const plans = new RoutingPlans(web);
  const decide = (path: string) => plans.decide(path, path, { headers: {}, host: 'h', query: '' }).kind;
  assert.equal(decide('/aaa'), 'pass');
  const path = `/${'a'.repeat(60)}!`;
  const begun = performance.now();
  assert.equal(decide(path), 'function');
  assert.ok(performance.now() - begun < 2_000);
  assert.equal(decide('/aaa'), 'function');
});
