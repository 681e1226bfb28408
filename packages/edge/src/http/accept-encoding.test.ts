import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { acceptedEncodings, chooseEncoding } from './accept-encoding.ts';

const both = { br: 1, gzip: 1 };
const chosen = (header: string | undefined, has: object = both): string =>
  chooseEncoding(acceptedEncodings(header), has);

test('the smallest coding that the client accepts is chosen', () => {
  assert.equal(chosen('gzip, deflate, br, zstd'), 'br');
  assert.equal(chosen('gzip, deflate'), 'gzip');
  assert.equal(chosen('br', { gzip: 1 }), 'identity');
  assert.equal(chosen(undefined), 'identity');
  assert.equal(chosen(''), 'identity');
  assert.equal(chosen('*'), 'br');
});

test('q-values are wishes, and 0 is never', () => {
  assert.equal(chosen('br;q=0.5, gzip;q=0.9'), 'gzip');
  assert.equal(chosen('br;q=0, gzip'), 'gzip');
  assert.equal(chosen('br;q=0.0, gzip;q=0'), 'identity');
  assert.equal(chosen('gzip;q=0.5, identity'), 'identity');
  assert.equal(chosen('*;q=0, gzip'), 'gzip');
  assert.equal(chosen('br;q=abc, gzip;q=1.0'), 'gzip');
  assert.equal(chosen('BR ; Q=1'), 'br');
});

test('any header gives one of the codings that exist', () => {
  const token = fc.constantFrom('br', 'gzip', '*', 'identity', ';', 'q=', '0', '1', '.5', ',', ' ', 'x-gzip', '\t');
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(token).map((parts) => parts.join('')),
      ),
      fc.boolean(),
      fc.boolean(),
      (header, br, gzip) => {
        const has = { ...(br ? { br: 1 } : {}), ...(gzip ? { gzip: 1 } : {}) };
        const encoding = chosen(header, has);
        assert.ok(encoding === 'identity' || encoding in has);
      },
    ),
  );
});
