import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatCacheMetadata, parseCacheMetadata, type ResponseMetadata } from './cache-metadata.ts';

/** Any UTF-16 code units, lone surrogates included. */
const anyText = fc.array(fc.nat(0xffff), { maxLength: 40 }).map((units) => String.fromCharCode(...units));

const page: ResponseMetadata = { group: '/page', at: 1000, revalidate: 60, expire: 3600, tags: ['a', 'b'] };

test('the header of a response is JSON with short names, in ASCII', () => {
  assert.equal(
    formatCacheMetadata({ ...page, tags: ['grüße'], shell: 12 }),
    '{"g":"/page","m":1000,"r":60,"e":3600,"t":["gr\\u00fc\\u00dfe"],"p":12}',
  );
});

test('whatever can be written is read as it was', () => {
  const metadata = fc.record({
    group: fc.string({ maxLength: 200 }),
    at: fc.double({ min: 1, max: 9e15, noNaN: true }),
    revalidate: fc.oneof(fc.constant(false as const), fc.integer({ min: 1 })),
    expire: fc.oneof(fc.constant(undefined), fc.integer({ min: 1 })),
    tags: fc.array(anyText, { maxLength: 20 }),
    shell: fc.oneof(fc.constant(undefined), fc.nat()),
  });
  fc.assert(
    fc.property(metadata, ({ shell, ...rest }) => {
      const written = { ...rest, ...(shell === undefined ? {} : { shell }) };
      const header = formatCacheMetadata(written) ?? assert.fail('too long');
      assert.match(header, /^[\x20-\x7e]*$/);
      assert.deepEqual(parseCacheMetadata(header), written);
    }),
  );
});

test('metadata that a reader would refuse for its size is not written', () => {
  assert.equal(formatCacheMetadata({ ...page, tags: Array.from({ length: 201 }, () => 'a') }), undefined);
  assert.equal(formatCacheMetadata({ ...page, tags: ['x'.repeat(13_000)] }), undefined);
});
