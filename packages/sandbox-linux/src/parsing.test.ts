import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatBlock, freeRange, parseBlock } from './addresses.ts';
import { nameServersIn } from './etc.ts';
import { limitsFor, METADATA_ADDRESSES, rulesFor } from './firewall.ts';
import { FIRST_UID, ownerLives, ownerOf, uidOf } from './identity.ts';
import { parseTarget, tableLine } from './mounts.ts';
import { seccompFilter } from './seccomp.ts';

test('name servers on the loopback are left out, and so is what is no IPv4 address', () => {
  assert.deepEqual(
    nameServersIn(
      '# x\nnameserver 127.0.0.53\nnameserver 10.0.0.2\n nameserver 1.1.1.1 \nnameserver ::1\nnameserver nonsense\nsearch nameserver\n',
    ),
    ['10.0.0.2', '1.1.1.1'],
  );
});

test('an address block is read in its one form, and any other text is refused', () => {
  for (const [text, form] of [
    ['10.1.2.3/8', '10.0.0.0/8'],
    ['192.168.1.1', '192.168.1.1/32'],
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['255.255.255.255/31', '255.255.255.254/31'],
  ] as const) {
    const block = parseBlock(text);
    assert.ok(block.ok);
    assert.equal(formatBlock(block.value), form);
  }
  for (const text of [
    '',
    'x',
    '10.0.0.0/33',
    '10.0.0.0/',
    '10.0.0.0/8/8',
    '::1/128',
    '10.0.0.0/-1',
    '10.0.0.0/8 -j ACCEPT',
    '010.0.0.1',
    '10.0.0.0/8.0',
  ])
    assert.equal(parseBlock(text).ok, false, text);
  fc.assert(
    fc.property(fc.string(), (text) => {
      const block = parseBlock(text);
      if (block.ok) assert.match(formatBlock(block.value), /^(\d{1,3}\.){3}\d{1,3}\/\d{1,2}$/);
    }),
  );
});

test('links take a range that no route reaches, and do not count themselves', () => {
  const first = freeRange([
    { dst: 'default', dev: 'eth0' },
    { dst: '192.0.2.0/24', dev: 'eth0' },
    { dst: '10.200.1.0/30', dev: 'anchor-ac80100' },
  ]);
  assert.equal(first === undefined ? '' : formatBlock(first), '10.200.0.0/14');
  const second = freeRange([{ dst: '10.0.0.0/8', dev: 'tun0' }]);
  assert.equal(second === undefined ? '' : formatBlock(second), '172.28.0.0/14');
  assert.equal(freeRange([{ dst: '10.0.0.0/8' }, { dst: '172.16.0.0/12' }, { dst: '100.64.0.0/10' }]), undefined);
});

test("a place inside a sandbox is absolute, plain and not the system's", () => {
  for (const to of ['/app', '/run/anchor', '/tmp', '/a/b.c/-d', '/usrx']) assert.ok(parseTarget(to).ok, to);
  fc.assert(
    fc.property(fc.stringMatching(/^[/.a-z\n]{0,12}$/), (to) => {
      if (parseTarget(to).ok) assert.match(to, /^(\/(?!\.{1,2}(\/|$))[.a-z]+)+$/);
    }),
  );
});

test('a line of the mount table keeps its four fields, whatever the path', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary-ascii', minLength: 1 }), (path) => {
      const line = tableLine(`/${path}`, '/to', 'none', 'bind');
      const fields = line.slice(0, -1).split(' ');
      assert.equal(fields.length, 6);
      assert.equal(line.indexOf('\n'), line.length - 1);
      assert.equal(
        fields[0]?.replace(/\\(\d{3})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 8))),
        `/${path}`,
      );
    }),
  );
});

test('an identity has one user, in a range that nothing else assigns', () => {
  fc.assert(
    fc.property(fc.string(), (identity) => {
      assert.equal(uidOf(identity), uidOf(identity));
      assert.ok(uidOf(identity) >= FIRST_UID && uidOf(identity) <= 0x7fff_ffff);
    }),
  );
  assert.equal(uidOf('prj_1'), 1893381644);
});

test('an owner lives as long as its process, and another process with its id is not it', () => {
  const me = ownerOf(process.pid) ?? '';
  assert.match(me, /^\d+-\d+$/);
  assert.equal(ownerLives(me), true);
  assert.equal(ownerLives(`${process.pid}-1`), false);
  assert.equal(ownerLives('4194999-1'), false);
});

test('the filter exists for both architectures, and its jumps stay inside of it', () => {
  for (const arch of ['x64', 'arm64']) {
    const bytes = seccompFilter(arch);
    assert.ok(bytes !== undefined && bytes.length % 8 === 0);
    const count = bytes.length / 8;
    const view = new DataView(bytes.buffer);
    for (let index = 0; index < count; index++) {
      if ((view.getUint16(index * 8, true) & 7) !== 5) continue;
      for (const offset of [2, 3]) assert.ok(index + 1 + view.getUint8(index * 8 + offset) < count);
    }
    assert.equal(view.getUint16((count - 1) * 8, true), 6, 'the last one returns');
  }
  assert.equal(seccompFilter('mips'), undefined);
});

test('name servers are reached before the private blocks are dropped, other sandboxes never', () => {
  const lines = rulesFor(['10.0.0.2'], 'mark')
    .split('\n')
    .filter((line) => line.startsWith('-A ANCHOR-FORWARD'));
  const index = (text: string): number => lines.findIndex((line) => line.includes(text));
  assert.equal(index('-o anchor-+ -j DROP'), 0);
  assert.ok(index('10.0.0.2/32 -p udp --dport 53 -j ACCEPT') < index('-d 10.0.0.0/8 -j DROP'));
  assert.ok(index('ANCHOR-ALLOW') < index('-d 0.0.0.0/8 -j DROP'));
  assert.equal(lines.at(-1), '-A ANCHOR-FORWARD -j ACCEPT');
});

test('no destination is exempt from the limits on connections, and metadata addresses are dropped without them', () => {
  const limits = limitsFor(65_536, 'mark')
    .split('\n')
    .filter((line) => line.startsWith('-A ANCHOR-LIMIT'));
  assert.deepEqual(
    limits.filter((line) => / -d | -j (?:ACCEPT|DROP|ANCHOR-ALLOW)/.test(line)),
    [],
  );
  const first = limits.findIndex((line) => line.endsWith('-j RETURN'));
  assert.ok(
    first > limits.findIndex((line) => line.includes('--connlimit-mask 32')),
    'a sandbox meets its own limit first',
  );
  const rules = rulesFor(['10.0.0.2'], 'mark').split('\n');
  for (const address of METADATA_ADDRESSES)
    assert.ok(rules.includes(`-A ANCHOR-FORWARD -d ${address} -j DROP`), address);
});
