import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseRetryAfter } from './retry-after.ts';

test('seconds are read, a day and more too', () => {
  assert.equal(parseRetryAfter('86400', undefined), 86_400_000);
  assert.equal(parseRetryAfter(' 0 ', undefined), 0);
});

test("a date counts from the response's own, whatever the clock here says", () => {
  const sent = 'Tue, 01 Jan 2030 00:00:00 GMT';
  assert.equal(parseRetryAfter('Wed, 02 Jan 2030 00:00:00 GMT', sent), 86_400_000);
  assert.equal(parseRetryAfter('Mon, 31 Dec 2029 00:00:00 GMT', sent), 0);
});

test('no header delays by more than a year, and a malformed one by nothing', () => {
  assert.equal(parseRetryAfter('999999999999', undefined), 365 * 86_400_000);
  for (const value of [undefined, '', 'soon', '-5', '1e9', '9'.repeat(400)])
    assert.equal(parseRetryAfter(value, undefined), undefined);
});
