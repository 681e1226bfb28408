import assert from 'node:assert/strict';
import { test } from 'node:test';
import { publicUrlOf, urlOf } from './site-urls.ts';

const settings = { domain: 'apps.example.com', edgePort: 80, httpsPort: 443, publicAddresses: ['203.0.113.7'] };
const served = (...hosts: readonly string[]) => ({ covers: (host: string) => hosts.includes(host) });

test('an address is https once a certificate for it is served, and http until then', () => {
  const host = 'shop.apps.example.com';
  assert.equal(urlOf(settings, host, served()), 'http://shop.apps.example.com');
  assert.equal(urlOf(settings, host, served(host)), 'https://shop.apps.example.com');
  assert.equal(urlOf({ ...settings, httpsPort: 8443 }, host, served(host)), 'https://shop.apps.example.com:8443');
  assert.equal(urlOf({ ...settings, httpsPort: undefined }, host, served(host)), 'http://shop.apps.example.com');
});

test('the API is named by its own name once that has a certificate', () => {
  const named = { host: '0.0.0.0', apiPort: 7400, apiDomain: 'deploy.example.com', httpsPort: 443 };
  assert.equal(publicUrlOf(named, served()), 'http://127.0.0.1:7400');
  assert.equal(publicUrlOf(named, served('deploy.example.com')), 'https://deploy.example.com');
  assert.equal(publicUrlOf({ ...named, apiDomain: undefined }, served('deploy.example.com')), 'http://127.0.0.1:7400');
});

test("the local CA's certificates are no reason for https: no client trusts them by itself", () => {
  const local = { ...settings, domain: 'localhost', edgePort: 7480 };
  assert.equal(urlOf(local, 'shop.localhost', served('shop.localhost')), 'http://shop.localhost:7480');
  assert.equal(urlOf(local, 'example.com', served('example.com')), 'https://example.com');
});

test('a domain is reached on port 80, where its DNS is checked, unless the server is on a private address', () => {
  const forwarded = { ...settings, edgePort: 7480 };
  assert.equal(urlOf(forwarded, 'example.com', served()), 'http://example.com');
  assert.equal(urlOf(forwarded, 'shop.apps.example.com', served()), 'http://shop.apps.example.com:7480');
  const direct = { ...forwarded, publicAddresses: ['127.0.0.1'] };
  assert.equal(urlOf(direct, 'example.com', served()), 'http://example.com:7480');
});
