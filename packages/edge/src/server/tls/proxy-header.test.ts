import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseProxyHeader } from './proxy-header.ts';

const SIGNATURE = '0d0a0d0a000d0a515549540a';
const v1 = (line: string): Buffer => Buffer.from(`${line}\r\n`, 'latin1');
const v2 = (rest: string): Buffer => Buffer.from(SIGNATURE + rest.replaceAll(' ', ''), 'hex');
const ok = (bytes: Buffer, client?: string, local?: string): void =>
  assert.deepEqual(parseProxyHeader(Buffer.concat([bytes, Buffer.from('GET')])), {
    kind: 'ok',
    length: bytes.length,
    client,
    local,
  });

test('version 1 names the client', () => {
  ok(v1('PROXY TCP4 203.0.113.9 198.51.100.1 56324 443'), '203.0.113.9', '198.51.100.1');
  ok(v1('PROXY TCP6 2001:db8::9 2001:db8::1 56324 443'), '2001:db8::9', '2001:db8::1');
  ok(v1('PROXY UNKNOWN'));
  ok(v1('PROXY UNKNOWN ffff::1 ffff::2 1 2'));
});

test('version 2 names the client, whatever fields follow', () => {
  ok(v2('21 11 000c cb007109 c6336401 dc04 01bb'), '203.0.113.9', '198.51.100.1');
  ok(v2('21 11 0010 cb007109 c6336401 dc04 01bb 03000101'), '203.0.113.9', '198.51.100.1');
  ok(
    v2(`21 21 0024 20010db8000000000000000000000009 20010db8000000000000000000000001 dc04 01bb`),
    '2001:db8::9',
    '2001:db8::1',
  );
  ok(v2('20 00 0000'));
  ok(v2('21 31 0000'));
});

test('other lines, versions, families and lengths are invalid', () => {
  for (const bytes of [
    v1('PROXY TCP4 203.0.113.999 198.51.100.1 1 2'),
    v1('PROXY TCP4 2001:db8::9 198.51.100.1 1 2'),
    v1('PROXY TCP4 203.0.113.9 198.51.100.1 1 65536'),
    v1('PROXY TCP4 203.0.113.9  198.51.100.1 1 2'),
    v1('PROXY UDP4 203.0.113.9 198.51.100.1 1 2'),
    v1(`PROXY UNKNOWN ${'x'.repeat(120)}`),
    v2('31 11 000c cb007109 c6336401 dc04 01bb'),
    v2('22 11 000c cb007109 c6336401 dc04 01bb'),
    v2('21 11 0008 cb007109 c6336401'),
    v2('21 11 ffff cb007109 c6336401'),
    Buffer.from('GET / HTTP/1.1\r\n'),
    Buffer.from('16030100', 'hex'),
  ])
    assert.equal(parseProxyHeader(bytes).kind, 'invalid', bytes.toString('latin1'));
});

test('every part of a header is waited for', () => {
  for (const whole of [
    v1('PROXY TCP4 203.0.113.9 198.51.100.1 56324 443'),
    v2('21 11 000c cb007109 c6336401 dc04 01bb'),
  ])
    for (let length = 0; length < whole.length; length++)
      assert.equal(parseProxyHeader(whole.subarray(0, length)).kind, 'more', String(length));
});

test('no bytes make it throw', () => {
  const start = fc.constantFrom(Buffer.from('PROXY TCP4 '), Buffer.from(SIGNATURE, 'hex'), Buffer.alloc(0));
  fc.assert(
    fc.property(start, fc.uint8Array({ maxLength: 300 }), (head, rest) => {
      parseProxyHeader(Buffer.concat([head, rest]));
    }),
    { numRuns: 3_000 },
  );
});
