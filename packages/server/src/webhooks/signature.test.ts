import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { hmacMatches, githubSignatureMatches, secretMatches } from './signature.ts';

const sign = (secret: string, bytes: Uint8Array): string => createHmac('sha256', secret).update(bytes).digest('hex');

test('a signature holds for its secret and bytes, and for no other', () => {
  fc.assert(
    fc.property(
      fc.string({ minLength: 1 }),
      fc.uint8Array(),
      fc.uint8Array(),
      fc.string(),
      (secret, bytes, other, noise) => {
        const signature = sign(secret, bytes);
        assert.ok(hmacMatches(secret, bytes, signature));
        assert.ok(githubSignatureMatches(secret, bytes, `sha256=${signature}`));
        assert.equal(hmacMatches(secret, other, signature), Buffer.from(bytes).equals(Buffer.from(other)));
        assert.equal(hmacMatches(`${secret}x`, bytes, signature), false);
        assert.equal(hmacMatches(secret, bytes, noise), false);
        assert.equal(githubSignatureMatches(secret, bytes, signature), false);
      },
    ),
  );
});

test('a signature that is missing, cut, longer, in capitals or of another kind does not hold', () => {
  const bytes = Buffer.from('{}');
  const signature = sign('s', bytes);
  for (const wrong of [
    undefined,
    '',
    signature.slice(2),
    `${signature}00`,
    signature.toUpperCase(),
    `sha1=${signature}`,
  ]) {
    assert.equal(hmacMatches('s', bytes, wrong), false);
    if (wrong !== undefined) assert.equal(githubSignatureMatches('s', bytes, wrong), false);
  }
});

test('the example of GitHub’s documentation holds', () => {
  assert.ok(
    githubSignatureMatches(
      "It's a Secret to Everybody",
      Buffer.from('Hello, World!'),
      'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17',
    ),
  );
});

test('secrets match only themselves; an empty one never does', () => {
  fc.assert(fc.property(fc.string(), fc.string(), (a, b) => assert.equal(secretMatches(a, b), a === b && b !== '')));
  assert.equal(secretMatches('', ''), false);
  assert.equal(secretMatches('x', undefined), false);
});
