import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { must } from '@anchor/testing/samples.ts';
import type { DomainName } from '../names/name.ts';
import { parseDomainName, registeredDomain, sibling } from './domain-name.ts';

const PLATFORM = { domain: 'apps.example.net', apiDomain: 'api.example.org' };
const parsed = (text: string): string => must(parseDomainName(text, PLATFORM));
const refused = (text: string): string => {
  const result = parseDomainName(text, PLATFORM);
  assert.ok(!result.ok, `${text} was accepted`);
  assert.equal(result.error.code, 'invalid_input');
  return result.error.message;
};

test('case, a trailing dot and IDN are one name with its punycode', () => {
  assert.equal(parsed('Example.COM.'), 'example.com');
  assert.equal(parsed(' www.example.com '), 'www.example.com');
  assert.equal(parsed('MÜNCHEN.example'), 'xn--mnchen-3ya.example');
  assert.equal(parsed('xn--mnchen-3ya.example'), 'xn--mnchen-3ya.example');
  assert.equal(parsed('mu\u0308nchen.example'), 'xn--mnchen-3ya.example');
  assert.equal(parsed('例え。テスト'), 'xn--r8jz45g.xn--zckzah');
  assert.equal(parsed('*.Example.com'), '*.example.com');
});

test('public suffixes and wildcards over them are refused', () => {
  for (const text of ['com', '*.com', 'co.uk', '*.co.uk', 'github.io', '*.github.io'])
    assert.match(refused(text), /public suffix/, text);
  assert.equal(parsed('me.github.io'), 'me.github.io');
});

test("the platform's own names are refused", () => {
  for (const text of [
    'apps.example.net',
    'shop.apps.example.net',
    '*.apps.example.net',
    'API.example.org.',
    'a.localhost',
  ])
    assert.match(refused(text), /belongs to the platform/, text);
  assert.equal(parsed('example.net'), 'example.net');
});

test('addresses in every spelling are refused as addresses', () => {
  for (const text of ['203.0.113.7', '::1', '[::1]', '2130706433', '0x7f.1', '127.1', '0177.0.0.1', '*.10.0.0.1'])
    assert.match(refused(text), /is an address/, text);
});

test('what is no name is refused with how to write one', () => {
  const long = Array.from({ length: 4 }, () => 'a'.repeat(63)).join('.');
  for (const text of [
    '',
    '.',
    '*',
    '*.',
    'a..com',
    '-a.com',
    'a-.com',
    'a_b.com',
    'https://example.com',
    'example.com/path',
    'example.com:80',
    'user@example.com',
    'exa mple.com',
    'exa\u0000mple.com',
    'a.*.com',
    '**.example.com',
    '%65xample.com',
    `${'a'.repeat(64)}.com`,
    `${long}.com`,
  ])
    assert.match(refused(text), /is not a domain name/, JSON.stringify(text));
  const longest = `${Array.from({ length: 3 }, () => 'a'.repeat(63)).join('.')}.${'b'.repeat(57)}.com`;
  assert.equal(longest.length, 253);
  assert.equal(parsed(longest), longest);
  assert.match(refused(`*.${longest}`), /is not a domain name/);
});

test('whatever is accepted is lower-case ASCII that parses to itself', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'grapheme' }), fc.domain(), fc.webUrl()), (text) => {
      const result = parseDomainName(text, PLATFORM);
      if (!result.ok) return;
      assert.match(result.value, /^(?:\*\.)?(?:[a-z0-9-]+\.)+[a-z0-9-]+$/);
      assert.ok(result.value.length <= 253);
      assert.equal(must(parseDomainName(result.value, PLATFORM)), result.value);
    }),
    { numRuns: 2_000 },
  );
});

test('the registered domain is the one below the public suffix', () => {
  assert.equal(registeredDomain('*.shop.example.co.uk' as DomainName), 'example.co.uk');
  assert.equal(registeredDomain('a.me.github.io' as DomainName), 'me.github.io');
});

test('apex and www suggest each other, and no other name suggests one', () => {
  assert.equal(sibling('example.com' as DomainName), 'www.example.com');
  assert.equal(sibling('www.example.com' as DomainName), 'example.com');
  assert.equal(sibling('shop.example.com' as DomainName), undefined);
  assert.equal(sibling('*.example.com' as DomainName), undefined);
});
