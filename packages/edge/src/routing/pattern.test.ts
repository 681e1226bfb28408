import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { WebComponent } from '@anchor/protocol/artifact/web/component.ts';
import { OverBudget } from '@anchor/core/expressions/match.ts';
import type { ProjectId } from '@anchor/core/names/id.ts';
import { EvaluationBudgets } from './evaluation-budgets.ts';
import { literalEnd, literalStart, Pattern } from './pattern.ts';
import { RouteMatcher } from './route-matcher.ts';

const prj = (n: number): ProjectId => `prj_${String(n).padStart(20, '0')}` as ProjectId;

test('the literal start is the longest prefix of every match', () => {
  for (const [source, start] of [
    ['^/blog(?:/([^/]+?))(?:/)?$', '/blog'],
    ['^\\/old\\/(.*)$', '/old/'],
    ['^/a?b', '/'],
    ['^/ab{2}', '/a'],
    ['^/a|/b', ''],
    ['^/(?:a|b)', '/'],
    ['/a', ''],
    ['^(?!/_next)/a', ''],
    ['^/a\\.json$', '/a.json'],
    ['^/x\\d', '/x'],
    ['^/[|]', '/'],
  ] as const)
    assert.equal(literalStart(source, true), start, source);
  assert.equal(literalStart('^/é', true), '/');
  for (const [source, end] of [
    ['^(?:/(a+))\\/$', '/'],
    ['^a\\.$', '.'],
    ['^a\\\\/$', ''],
    ['^a/$', ''],
    ['^a|b\\/$', ''],
    ['^(?:\\/)?$', ''],
    ['^a\\/', ''],
  ] as const)
    assert.equal(literalEnd(source), end, source);
  for (const text of ['/BLOG/a', '/blog/a', '/blo', '/x/blog/a', ''])
    assert.equal(
      new Pattern('^/blog(?:/([^/]+?))$', 'i').exec(text, { left: 100_000 })?.captures[1],
      /^\/blog(?:\/([^/]+?))$/i.exec(text)?.[1],
    );
});

test('an expression that is too large to be evaluated is over every budget', () => {
  assert.throws(() => new Pattern('^(?:a{1000}){1000}').exec('a', { left: 1e9 }), OverBudget);
});

test('the cost of a short expression is charged, and a limited number stays compiled', () => {
  const budget = { left: 1_000_000 };
  const patterns = Array.from({ length: 60 }, (_, i) => new Pattern(`^[/]${i}b{0,9000}$`));
  patterns[0]?.exec('/0', budget);
  assert.ok(budget.left < 850_000, String(budget.left));
  const before = budget.left;
  patterns[0]?.exec('/0', budget);
  assert.ok(before - budget.left < 30_000);
  for (const pattern of patterns) pattern.exec('/', { left: 1_000_000 });
  budget.left = 1_000_000;
  assert.ok(patterns[0]?.exec('/0bb', budget) !== undefined);
  assert.ok(budget.left < 850_000, 'the first one was not compiled again');
});

test('a project has a tenth of the time, and takes nothing from others', () => {
  let now = 0;
  const efforts = new EvaluationBudgets(() => now);
  efforts.of(prj(1)).left = -5;
  assert.equal(efforts.of(prj(1)).left, 0);
  assert.equal(efforts.of(prj(2)).left, 1_000_000);
  now += 10;
  assert.equal(efforts.of(prj(1)).left, 100_000);
  now += 10_000;
  assert.equal(efforts.of(prj(1)).left, 1_000_000);
});

test("a request whose rules take too long is the function's, the next one is decided as before", () => {
  const rule = { sourceRegex: '^(?!/_next)/(a*)*\\1b?$', headers: { 'x-a': '1' } };
  const web: WebComponent = {
    kind: 'web',
    framework: { name: 'nextjs' },
    basePath: '',
    trailingSlash: false,
    files: {},
    prerenders: {},
    routing: { beforeMiddleware: [rule], middlewareMatchers: [], beforeFiles: [], onMatch: [] },
  };
  const plans = new RouteMatcher(web);
  const decide = (path: string): string =>
    plans.decide(path, path, { headers: {}, host: 'h', query: '', budget: { left: 100_000 } }).kind;
  assert.equal(decide('/aaa'), 'pass');
  const startedAt = performance.now();
  assert.equal(decide(`/${'a'.repeat(60)}!`), 'too long');
  assert.ok(performance.now() - startedAt < 500);
  assert.equal(decide('/aaa'), 'pass');
});
