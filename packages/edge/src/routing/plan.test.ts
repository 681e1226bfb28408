import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { WebComponent } from '@anchor/core/artifact/manifest.ts';
import { RoutingPlans } from './plan.ts';

const plans = (): RoutingPlans => {
  const web: WebComponent = {
    kind: 'web', framework: { name: 'nextjs' }, basePath: '', trailingSlash: false, files: {}, prerenders: {},
    routing: { beforeMiddleware: [{ sourceRegex: '^/a$', headers: { 'x-all': '1' } }, { sourceRegex: '^/a$', headers: { 'x-guest': '$guest' }, has: [{ type: 'cookie', key: 'guest' }] }], middlewareMatchers: [], beforeFiles: [], onMatch: [] },
  };
  return new RoutingPlans(web);
};
const asked = (cookie?: string) => ({ headers: cookie === undefined ? {} : { cookie }, host: 'a.localhost', query: '' });

test('who asks alike gets the very same list of headers, who asks otherwise a list of his own', () => {
  const all = plans();
  const first = all.decide('/a', '/a', asked());
  assert.deepEqual(first, { kind: 'pass', headers: [['x-all', '1']], pages: true });
  assert.equal(all.decide('/a', '/a', asked()), first);
  const ada = all.decide('/a', '/a', asked('guest=ada'));
  assert.deepEqual(ada, { kind: 'pass', headers: [['x-all', '1'], ['x-guest', 'ada']], pages: true });
  assert.equal(all.decide('/a', '/a', asked('guest=ada')), ada);
  assert.deepEqual(all.decide('/a', '/a', asked('guest=bob')), { kind: 'pass', headers: [['x-all', '1'], ['x-guest', 'bob']], pages: true });
  assert.deepEqual(all.decide('/a', '/a', asked()), first);
});
