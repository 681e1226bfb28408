import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cdnOfAddress, cdnOfAliases, cdnOfHeaders } from './known-cdns.ts';

test('CDNs are known by their addresses', () => {
  assert.equal(cdnOfAddress('104.21.3.4'), 'Cloudflare');
  assert.equal(cdnOfAddress('2606:4700::1'), 'Cloudflare');
  assert.equal(cdnOfAddress('151.101.1.1'), 'Fastly');
  assert.equal(cdnOfAddress('13.32.0.1'), 'CloudFront');
  assert.equal(cdnOfAddress('3.170.1.1'), 'CloudFront');
  assert.equal(cdnOfAddress('130.176.224.9'), 'CloudFront');
  assert.equal(cdnOfAddress('99.83.190.102'), 'Webflow');
  assert.equal(cdnOfAddress('75.2.60.5'), 'Netlify');
  assert.equal(cdnOfAddress('::ffff:76.76.21.21'), 'Vercel');
  for (const address of ['192.0.2.1', '127.0.0.1', 'x', '']) assert.equal(cdnOfAddress(address), undefined);
});

test('CDNs are known by the names that aliases lead through', () => {
  assert.equal(cdnOfAliases(['a.test', 'd1.cloudfront.net']), 'CloudFront');
  assert.equal(cdnOfAliases(['shop.edgekey.net', 'e1.b.akamaiedge.net']), 'Akamai');
  assert.equal(cdnOfAliases(['cname.vercel-dns.com']), 'Vercel');
  assert.equal(cdnOfAliases(['abc.vercel-dns-017.com']), 'Vercel');
  assert.equal(cdnOfAliases(['proxy-ssl.webflow.com']), 'Webflow');
  assert.equal(cdnOfAliases(['site.netlify.app']), 'Netlify');
  for (const name of ['cloudfront.net.evil.test', 'notcloudfront.net', ''])
    assert.equal(cdnOfAliases([name]), undefined);
});

test('CDNs are known by their headers', () => {
  assert.equal(cdnOfHeaders({ server: 'AkamaiGHost' }), 'Akamai');
  assert.equal(cdnOfHeaders({ 'x-served-by': 'cache-fra-1' }), 'Fastly');
  assert.equal(cdnOfHeaders({ server: 'nginx' }), undefined);
});
