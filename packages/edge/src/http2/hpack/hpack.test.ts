import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { HeaderDecoder } from './decoder.ts';
import { maxFieldBytes, writeField } from './encoder.ts';
import { decodeHuffman, huffmanLength, writeHuffman } from './huffman.ts';

const decode = (decoder: HeaderDecoder, hex: string): string[] | undefined => {
  const bytes = Buffer.from(hex.replaceAll(' ', ''), 'hex');
  return decoder.decode(bytes, 0, bytes.length)?.fields.map(({ name, value }) => `${name}: ${value}`);
};

const FIRST = [':method: GET', ':scheme: http', ':path: /', ':authority: www.example.com'];
const THIRD = [':method: GET', ':scheme: https', ':path: /index.html', ':authority: www.example.com'];

test('the examples of RFC 7541 are decoded, with and without Huffman codes', () => {
  const plain = new HeaderDecoder(65_536, 100);
  assert.deepEqual(decode(plain, '8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d'), FIRST);
  assert.deepEqual(decode(plain, '8286 84be 5808 6e6f 2d63 6163 6865'), [...FIRST, 'cache-control: no-cache']);
  assert.deepEqual(decode(plain, '8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65'), [
    ...THIRD,
    'custom-key: custom-value',
  ]);
  const coded = new HeaderDecoder(65_536, 100);
  assert.deepEqual(decode(coded, '8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff'), FIRST);
  assert.deepEqual(decode(coded, '8286 84be 5886 a8eb 1064 9cbf'), [...FIRST, 'cache-control: no-cache']);
  assert.deepEqual(decode(coded, '8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf'), [
    ...THIRD,
    'custom-key: custom-value',
  ]);
});

test('the oldest fields leave a table that is full', () => {
  const decoder = new HeaderDecoder(65_536, 100);
  // The table is reduced to 64 bytes, which hold one field of 2 × 16.
  assert.deepEqual(decode(decoder, `3f21 40 01 61 01 62`), ['a: b']);
  assert.deepEqual(decode(decoder, `be`), ['a: b']);
  assert.deepEqual(decode(decoder, `40 01 63 01 64`), ['c: d']);
  assert.deepEqual(decode(decoder, `be`), ['c: d']);
  assert.equal(decode(decoder, `bf`), undefined);
});

test('invalid blocks are refused', () => {
  for (const hex of [
    '80', // index 0
    'c6', // beyond both tables
    '40 7f', // a length without its string
    '82 3f e1 1f', // a size update after a field
    '3f e2 1f', // more than was allowed
    '20 20 20', // three size updates
    '00 81 ff 01 61', // padding of eight bits
    '00 84 ff ff ff ff 01 61', // EOS
    '7f ff ff ff ff ff ff 00', // an endless integer
  ])
    assert.equal(decode(new HeaderDecoder(65_536, 100), hex), undefined, hex);
});

const latin1 = fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)) });

test('every string has one Huffman code', () => {
  fc.assert(
    fc.property(latin1, (text) => {
      const bytes = Buffer.alloc(huffmanLength(text));
      assert.equal(writeHuffman(bytes, 0, text), bytes.length);
      assert.equal(decodeHuffman(bytes, 0, bytes.length), text);
    }),
  );
});

test('what is encoded is decoded, whatever it is', () => {
  const name = fc.stringMatching(/^[a-z-]{1,40}$/);
  fc.assert(
    fc.property(fc.array(fc.tuple(name, latin1), { maxLength: 20 }), (fields) => {
      const bytes = Buffer.alloc(fields.reduce((sum, [key, value]) => sum + maxFieldBytes(key, value), 0));
      const end = fields.reduce((at, [key, value]) => writeField(bytes, at, key, value), 0);
      const list = new HeaderDecoder(1_000_000, 100).decode(bytes, 0, end);
      assert.deepEqual(
        list?.fields.map(({ name: key, value }) => [key, value]),
        fields,
      );
    }),
  );
});

test('no block makes the decoder throw, or keep more than its table', () => {
  const decoder = new HeaderDecoder(16_384, 100);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (block) => {
      const list = decoder.decode(Buffer.from(block), 0, block.length);
      assert.ok((list?.fields.reduce((sum, { size }) => sum + size, 0) ?? 0) <= 16_384);
    }),
    { numRuns: 2_000 },
  );
});
