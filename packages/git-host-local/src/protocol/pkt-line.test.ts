import { test } from 'node:test';
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { FLUSH, packet, parsePacket } from './pkt-line.ts';
import { parsePushHead } from './receive-pack-commands.ts';
import { plain, progress } from './side-band.ts';

const OLD = 'a'.repeat(40);
const NEW = 'b'.repeat(40);
const ZERO = '0'.repeat(40);

test('what is written as packets is read as the same packets, however it is cut', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 8 }), (payloads) => {
      const bytes = Buffer.concat([...payloads.map((payload) => packet(Buffer.from(payload))), Buffer.from(FLUSH)]);
      let offset = 0;
      for (const payload of payloads) {
        const read = parsePacket(bytes, offset);
        assert.ok(typeof read === 'object' && read.kind === 'data');
        assert.deepEqual([...read.payload], [...payload]);
        // every shorter piece is incomplete, never something else
        assert.equal(parsePacket(bytes.subarray(0, read.end - 1), offset), 'incomplete');
        offset = read.end;
      }
      assert.deepEqual(parsePacket(bytes, offset), { kind: 'flush', end: bytes.length });
    }),
  );
});

test('arbitrary bytes are parsed without an exception and never read past their end', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
      const read = parsePacket(Buffer.from(bytes), 0);
      if (typeof read === 'object') assert.ok(read.end <= bytes.length);
      const head = parsePushHead(Buffer.from(bytes));
      assert.ok(['done', 'incomplete', 'invalid'].includes(head.state));
    }),
  );
});

test('a length of 3, one above the limit, or one that is no number is invalid', () => {
  for (const head of ['0003', 'fff5', 'zzzz', '-001', '+004', '0x10', '1e3 '])
    assert.equal(parsePacket(Buffer.from(`${head}xxxx`), 0), 'invalid', head);
});

test('commands are read with their capabilities; creation and deletion have no before or after', () => {
  const bytes = Buffer.concat([
    packet(`${OLD} ${NEW} refs/heads/main\0 report-status side-band-64k agent=git/2.39`),
    packet(`${ZERO} ${NEW} refs/heads/new\n`),
    packet(`${OLD} ${ZERO} refs/tags/v1`),
    Buffer.from(FLUSH),
    Buffer.from('PACK…'),
  ]);
  const parsed = parsePushHead(bytes);
  assert.ok(parsed.state === 'done');
  assert.deepEqual(parsed.head.updates, [
    { ref: 'refs/heads/main', before: OLD, after: NEW },
    { ref: 'refs/heads/new', after: NEW },
    { ref: 'refs/tags/v1', before: OLD },
  ]);
  assert.ok(parsed.head.capabilities.has('side-band-64k'));
});

test('a push of anything but ref updates is refused', () => {
  const bad = [
    `${OLD} ${NEW} HEAD`,
    `${OLD} ${NEW} refs/heads/a b`,
    `${OLD} ${NEW}`,
    `${OLD} ${NEW.slice(1)} refs/heads/x`,
    `${OLD}${NEW} refs/heads/x`,
    'push-cert\0x',
    `${OLD.toUpperCase()} ${NEW} refs/heads/x`,
    `${OLD} ${NEW} refs/heads/x:y`,
  ];
  for (const line of bad)
    assert.equal(parsePushHead(Buffer.concat([packet(line), Buffer.from(FLUSH)])).state, 'invalid', line);
  const twice = Buffer.concat([
    packet(`${OLD} ${NEW} refs/heads/x`),
    packet(`${NEW} ${OLD} refs/heads/x`),
    Buffer.from(FLUSH),
  ]);
  assert.equal(parsePushHead(twice).state, 'invalid');
});

test('whatever a build prints reaches the terminal without control characters, in packets that fit, with nothing else lost', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 3_000 }), (text) => {
      const bytes = progress([text]);
      let offset = 0;
      let shown = '';
      while (offset < bytes.length) {
        const read = parsePacket(bytes, offset);
        assert.ok(
          typeof read === 'object' && read.kind === 'data' && read.payload.length <= 1_000 && read.payload[0] === 2,
        );
        shown += read.payload.toString('utf8', 1).replace(/\n$/, '');
        offset = read.end;
      }
      assert.equal(shown, Buffer.from(plain(text)).toString('utf8'));
      assert.doesNotMatch(shown, /[\x00-\x1f\x7f-\x9f]/);
    }),
  );
  assert.equal(plain('\x1b[32m✓\x1b[0m ok\x1b]0;title\x07 10%\r100%'), '100%');
  assert.equal(plain('\x1b[1;31merror\x1b[0m\there'), 'error  here');
});
