import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Expression } from '@anchor/core/expressions/expression.ts';
import { substitute } from './rule.ts';

test('captures are put in by number and by name, what is unknown stays', () => {
  const match = new Expression('^/(?<lang>\\w+)/(\\w+)$').exec('/en/page', { left: 1000 })!;
  assert.equal(
    substitute('/$lang/$2?x=$who&y=$9&z=$none', match, new Map([['who', 'bob']])),
    '/en/page?x=bob&y=$9&z=$none',
  );
  assert.equal(substitute('plain', match, new Map()), 'plain');
});
