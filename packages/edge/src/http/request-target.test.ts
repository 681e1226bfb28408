import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseTarget } from './request-target.ts';

const target = (raw: string) => {
  const parsed = parseTarget(raw);
  assert.equal(parsed.kind, 'ok', `${raw}: ${JSON.stringify(parsed)}`);
  return parsed.kind === 'ok' ? parsed.target : assert.fail();
};

test('a plain path and its query are parsed', () => {
  assert.deepEqual(target('/a/b.js?x=1&y=2'), { path: '/a/b.js', query: 'x=1&y=2', decoded: '/a/b.js', plain: true });
  assert.equal(target('/x?').query, '');
});

test('percent-encoding is decoded for the manifest and preserved for the function', () => {
  const parsed = target('/caf%C3%A9/%5Bslug%5D');
  assert.equal(parsed.path, '/caf%C3%A9/%5Bslug%5D');
  assert.equal(parsed.decoded, '/café/[slug]');
  assert.equal(parsed.plain, false);
});

test('an encoded slash names no file, but is a path for a function', () => {
  assert.equal(target('/blog/a%2Fb').decoded, undefined);
  assert.equal(target('/100%25').decoded, '/100%');
});

test('dot segments, control characters, backslashes and broken encodings are refused', () => {
  for (const raw of [
    '/../etc',
    '/a/..',
    '/a/./b',
    '/%2e%2e/etc',
    '/%2E./etc',
    '/a/%2e',
    '/a%00b',
    '/a%0d%0ab',
    '/a\\b',
    '/a%5cb',
    '/%ff',
    '/%c3',
    '/%zz',
    '/%',
    '/é',
    '/a#b',
    'a',
    '',
    '*',
    '/a?\x80',
    'ftp://x/y',
    '/a/..%2f..%2fb/..',
  ]) {
    assert.equal(parseTarget(raw).kind, 'refused', JSON.stringify(raw));
  }
});

test('an over-long path is refused with 414', () => {
  const parsed = parseTarget(`/${'a'.repeat(9000)}`);
  assert.equal(parsed.kind === 'refused' && parsed.status, 414);
});

test('repeated slashes at the start are redirected to one, never to another host; within a path they stay', () => {
  assert.deepEqual(parseTarget('//evil.example/x?y=1'), { kind: 'redirect', location: '/evil.example/x?y=1' });
  assert.deepEqual(target('/img/https://a.example/b.png?w=1'), {
    path: '/img/https://a.example/b.png',
    query: 'w=1',
    decoded: undefined,
    plain: false,
    collapsed: '/img/https:/a.example/b.png?w=1',
  });
  assert.equal(parseTarget('/a//../b').kind, 'refused');
});

test('an absolute target names its own host', () => {
  assert.equal(target('http://other.localhost/x').authority, 'other.localhost');
  assert.equal(target('http://other.localhost').path, '/');
});

test('whatever is sent: never an exception, and what passes is a clean path', () => {
  const piece = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom(
      '/',
      '//',
      '..',
      '.',
      '%2e',
      '%2E%2e',
      '%2f',
      '%5c',
      '\\',
      '%00',
      '%c0%ae',
      '%25',
      '%',
      '?',
      '#',
      'a',
      '__proto__',
      ';',
      'é',
    ),
  );
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 12 }).map((parts) => `/${parts.join('')}`),
      (raw) => {
        const parsed = parseTarget(raw);
        if (parsed.kind === 'redirect') assert.match(parsed.location, /^\/(?!\/)/);
        if (parsed.kind !== 'ok') return;
        const { path, decoded, collapsed } = parsed.target;
        assert.match(path, /^\/(?!\/)[\x21-\x7e]*$/);
        if (collapsed !== undefined) assert.equal(decoded, undefined);
        for (const form of [collapsed?.split('?')[0] ?? path, decoded ?? '/']) {
          assert.ok(form.startsWith('/') && !form.includes('//') && !form.includes('\\') && !form.includes('\0'), form);
          assert.ok(!form.split('/').some((segment) => segment === '..' || segment === '.'), form);
        }
      },
    ),
    { numRuns: 3000 },
  );
});
