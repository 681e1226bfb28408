import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CertificateIndex, covers } from './certificate-index.ts';

const certificate = (id: string, names: readonly string[], notAfter = 1) => ({ id, names, notAfter });
const find = (index: CertificateIndex, name: string, now = 0): string | undefined => index.find(name, now)?.id;

test('an exact name comes before a wildcard, which stands for one label', () => {
  const index = new CertificateIndex({
    certificates: [certificate('wild', ['*.example.com']), certificate('exact', ['a.example.com', 'example.com'])],
  });
  assert.deepEqual(
    ['a.example.com', 'b.example.com', 'example.com', 'a.b.example.com', 'com', '', '*.example.com'].map((name) =>
      find(index, name),
    ),
    ['exact', 'wild', 'exact', undefined, undefined, undefined, 'wild'],
  );
});

test('a valid wildcard comes before an exact name that has expired, and an expired one before none', () => {
  const index = new CertificateIndex({
    certificates: [certificate('wild', ['*.example.com'], 9), certificate('exact', ['a.example.com'], 5)],
  });
  assert.deepEqual(
    [4, 5, 9].map((now) => find(index, 'a.example.com', now)),
    ['exact', 'wild', 'exact'],
  );
});

test('of two certificates for a name the one that expires last is served, in either order', () => {
  const [old, renewed] = [certificate('old', ['example.com'], 1), certificate('new', ['example.com'], 2)];
  for (const certificates of [
    [old, renewed],
    [renewed, old],
  ])
    assert.equal(find(new CertificateIndex({ certificates }), 'example.com'), 'new');
});

test('the one certificate for addresses is known, unless there are several', () => {
  const one = certificate('one', ['203.0.113.1', '2001:db8::1']);
  const index = new CertificateIndex({ certificates: [one, certificate('site', ['example.com'])] });
  assert.equal(index.onlyAddress?.id, 'one');
  const two = new CertificateIndex({ certificates: [one, certificate('two', ['203.0.113.2'])] });
  assert.equal(two.onlyAddress, undefined);
});

test('a certificate covers its names as clients check them', () => {
  const own = certificate('own', ['example.com', '*.example.com', '203.0.113.1', '2001:db8::1']);
  for (const name of ['example.com', 'a.example.com', 'a.example.com.', '203.0.113.1', '[2001:db8::1]'])
    assert.ok(covers(own, name), name);
  for (const name of ['a.b.example.com', 'example.org', '203.0.113.2', '']) assert.ok(!covers(own, name), name);
});
