import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { matchesGlob } from './glob.ts';

/** The same as an expression. */
function asExpression(pattern: string): RegExp {
  const source = pattern.replace(/\*{2,}\/|\*{2,}|[*?]|[.+^${}()|[\]\\]/g, (part) =>
    part === '*'
      ? '[^/]*'
      : part === '?'
        ? '[^/]'
        : !part.startsWith('*')
          ? `\\${part}`
          : part.endsWith('/')
            ? '(?:.*/)?'
            : '.*',
  );
  return new RegExp(`^${source}$`, 's');
}

test('a pattern matches what its expression matches', () => {
  const text = fc
    .array(fc.constantFrom('a', 'b', '/', '.', '\n', '('), { maxLength: 10 })
    .map((chars) => chars.join(''));
  const pattern = fc
    .array(fc.constantFrom('a', 'b', '/', '.', '(', '*', '**', '**/', '?'), { maxLength: 7 })
    .map((parts) => parts.join(''));
  fc.assert(
    fc.property(pattern, text, (glob, path) =>
      assert.equal(matchesGlob(glob, path), asExpression(glob).test(path), `${glob} on ${path}`),
    ),
    { numRuns: 5_000 },
  );
});

test('a pattern that backtracking would take years for is decided at once', () => {
  const startedAt = performance.now();
  assert.equal(matchesGlob(`${'*a'.repeat(40)}`, `${'a'.repeat(200)}b`), false);
  assert.equal(matchesGlob(`${'**/a'.repeat(40)}`, `${'a/'.repeat(200)}b`), false);
  assert.ok(performance.now() - startedAt < 500);
});
