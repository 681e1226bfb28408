import { strict as assert } from 'node:assert';
import { BlockList, isIP } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { isPrivateAddress, PRIVATE_BLOCKS } from './private-networks.ts';

test('public addresses and names are not private', () => {
  for (const text of ['1.1.1.1', '172.32.0.1', '100.128.0.1', '2606:4700::1111', '203.0.113.80', 'github.com', ''])
    assert.equal(isPrivateAddress(text), false, text);
});

test('private IPv4 addresses are private in every spelling that a resolver accepts, and inside IPv6', () => {
  for (const text of ['10.0.0.1', '127.1', '0x7f.1', '0177.0.0.1', '2130706433', '::ffff:10.0.0.1', '::ffff:a9fe:a9fe'])
    assert.equal(isPrivateAddress(text), true, text);
  for (const text of ['64:ff9b::7f00:1', '2002:7f00:1::', '::127.0.0.1', '::1', '::', 'fe80::1%eth0', 'fd00::1'])
    assert.equal(isPrivateAddress(text), true, text);
});

test('what has a colon and is no address is private', () => {
  for (const text of ['::ffff:999.0.0.1', '1::2::3', ':', 'a:b']) assert.equal(isPrivateAddress(text), true, text);
});

test('every address is judged as by the block list of Node', () => {
  const list = new BlockList();
  for (const block of PRIVATE_BLOCKS) list.addSubnet(block.split('/')[0] ?? '', Number(block.split('/')[1]), 'ipv4');
  fc.assert(
    fc.property(fc.ipV4(), (address) => {
      assert.equal(isIP(address), 4);
      assert.equal(isPrivateAddress(address), list.check(address, 'ipv4'));
      assert.equal(isPrivateAddress(`::ffff:${address}`), list.check(address, 'ipv4'));
    }),
    { numRuns: 2_000 },
  );
});
