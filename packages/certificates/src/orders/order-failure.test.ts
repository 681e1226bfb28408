import assert from 'node:assert/strict';
import { test } from 'node:test';
import { requestFailure, validationFailure } from './order-failure.ts';

const context = { authority: 'CA', names: ['shop.test'], issuer: 'ca.test' };
const problem = (type: string, detail: string) => ({ type, detail, subproblems: [] });

test('a refused account is not told as a domain that leads elsewhere', () => {
  const deactivated = problem('unauthorized', 'Account is not valid, has status "deactivated"');
  const failure = requestFailure(
    { kind: 'problem', url: 'https://ca.test/', status: 403, problem: deactivated },
    context,
  );
  assert.equal(failure.kind, 'authority');
  assert.doesNotMatch(failure.error.message, /lead to this server/);
  assert.match(failure.error.cause ?? '', /deactivated/);
});

test('a challenge that another server responded to is', () => {
  const failure = validationFailure(problem('unauthorized', 'Invalid response'), 'shop.test', context);
  assert.deepEqual([failure.kind, failure.names], ['validation', ['shop.test']]);
  assert.match(failure.error.message, /shop\.test does not lead to this server/);
});
