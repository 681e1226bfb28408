import { test } from 'node:test';
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { parseEmail } from './person.ts';

test('an address is one person in every spelling of its case', () => {
  const parsed = parseEmail('  Ada.Lovelace+x@Example.COM ');
  assert.ok(parsed.ok && parsed.value === 'ada.lovelace+x@example.com');
});

test('what is no address is refused', () => {
  for (const text of [
    '',
    '@',
    'a@b',
    'a b@example.com',
    'a@@example.com',
    'a@example.com\nBcc: x@y.z',
    '<a@b.c>',
    'a@.',
    `${'x'.repeat(65)}@example.com`,
    `a@${'x'.repeat(250)}.de`,
  ])
    assert.equal(parseEmail(text).ok, false, text);
});

test('any text is parsed or refused, in time, and a parsed address has no space and no control character', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ maxLength: 400 }), fc.emailAddress(), fc.string({ unit: 'binary' })), (text) => {
      const parsed = parseEmail(text);
      if (parsed.ok) assert.match(parsed.value, /^[^\s\p{Cc}@]+@[^\s\p{Cc}@]+$/u);
    }),
  );
});
