import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { IncomingMessage } from 'node:http';
import { dpl, TestBed } from '../testing/test-bed.ts';
import { createClientAddressResolver } from './client-address.ts';

const from = (remoteAddress: string, forwarded?: string) =>
  ({
    socket: { remoteAddress },
    headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded },
  }) as unknown as IncomingMessage;

test('without trusted proxies the peer is the client, whatever its headers claim', () => {
  const visitor = createClientAddressResolver([]);
  assert.deepEqual(visitor(from('9.9.9.9', '1.1.1.1')), { ip: '9.9.9.9', trusted: false });
  assert.equal(visitor(from('::ffff:9.9.9.9')).ip, '9.9.9.9');
});

test('behind trusted proxies the visitor is the last address that none of them has', () => {
  const visitor = createClientAddressResolver(['10.0.0.0/8', '::1', 'nonsense']);
  assert.deepEqual(visitor(from('10.1.2.3', '6.6.6.6, 1.1.1.1, 10.9.9.9')), { ip: '1.1.1.1', trusted: true });
  assert.deepEqual(visitor(from('::1', '2001:db8::7')), { ip: '2001:db8::7', trusted: true });
  assert.deepEqual(visitor(from('10.1.2.3')), { ip: '10.1.2.3', trusted: true });
  assert.deepEqual(visitor(from('10.1.2.3', '<script>')), { ip: '10.1.2.3', trusted: true });
  assert.deepEqual(visitor(from('9.9.9.9', '1.1.1.1')), { ip: '9.9.9.9', trusted: false });
});

test('addresses with ports are addresses, and nothing before what is none is believed', () => {
  const visitor = createClientAddressResolver(['10.0.0.0/8']);
  for (const [forwarded, ip] of [
    ['6.6.6.6, 203.0.113.9:51515', '203.0.113.9'],
    ['6.6.6.6, [2001:db8::1]:443', '2001:db8::1'],
    ['6.6.6.6, [2001:db8::2]', '2001:db8::2'],
    ['6.6.6.6, unknown', '10.1.2.3'],
    ['6.6.6.6, unknown, 10.9.9.9:80', '10.9.9.9'],
    ['6.6.6.6,', '10.1.2.3'],
  ] as const)
    assert.equal(visitor(from('10.1.2.3', forwarded)).ip, ip, forwarded);
});

test("a trusted proxy's request id and forwarding headers are passed on", async () => {
  const bed = await new TestBed({ trustedProxies: ['127.0.0.1'] }).start();
  try {
    bed.site({ function: true });
    await bed.serve(dpl(1), (req, res) => void res.end(JSON.stringify(req.headers)));
    const reply = await bed.get('/', {
      headers: {
        'x-request-id': 'from-the-balancer',
        'x-forwarded-for': '1.1.1.1',
        'x-forwarded-proto': 'https',
        'x-forwarded-host': 'shop.example',
      },
    });
    const seen = JSON.parse(reply.text);
    assert.equal(reply.headers['x-request-id'], 'from-the-balancer');
    assert.equal(seen['x-forwarded-for'], '1.1.1.1, 127.0.0.1');
    assert.equal(seen['x-forwarded-proto'], 'https');
    assert.equal(seen['x-forwarded-host'], 'shop.example');
    assert.equal(bed.log[0]!.ip, '1.1.1.1');
    for (const forwarded of ['HTTPS', 'https,http', 'https, https'])
      assert.equal(
        JSON.parse((await bed.get('/', { headers: { 'x-forwarded-proto': forwarded } })).text)['x-forwarded-proto'],
        'https',
        forwarded,
      );
    for (const forwarded of ['http,https', 'httpsx', 'ftp'])
      assert.equal(
        JSON.parse((await bed.get('/', { headers: { 'x-forwarded-proto': forwarded } })).text)['x-forwarded-proto'],
        'http',
        forwarded,
      );
    const odd = await bed.get('/', { headers: { 'x-request-id': 'a b\tc' } });
    assert.match(String(odd.headers['x-request-id']), /^[0-9a-f-]{36}$/);
  } finally {
    await bed.stop();
  }
});
