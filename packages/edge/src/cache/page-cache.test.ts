import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryAsset, staleAsset } from '../static/asset.ts';
import { dpl } from '../testing/test-bed.ts';
import { PageCache, type CachedPage } from './page-cache.ts';

const page = (at: number, group = '/page'): Omit<CachedPage, 'bytes' | 'version'> => {
  const fresh = memoryAsset('0'.repeat(64), Buffer.from('x'), 200, 'HIT', []);
  return {
    metadata: { group, at, staleAfter: Infinity, expireAfter: Infinity, tags: [] },
    fresh,
    stale: staleAsset(fresh),
  };
};

test('a newer version of one part ends the older others of its page, an older one changes nothing', () => {
  const pages = new PageCache(1 << 20);
  pages.set(dpl(1), '/page', page(1), 10);
  pages.set(dpl(1), '/page.rsc', page(1), 10);
  pages.set(dpl(1), '/other', page(1, '/other'), 10);
  pages.set(dpl(1), '/page.rsc', page(2), 10);
  assert.equal(pages.partition(dpl(1))?.get('/page'), undefined);
  assert.equal(pages.partition(dpl(1))?.get('/page.rsc')?.metadata.at, 2);
  assert.equal(pages.partition(dpl(1))?.newestVersionAt('/page'), 2);
  pages.set(dpl(1), '/page', page(1), 10);
  assert.equal(pages.partition(dpl(1))?.get('/page'), undefined);
  assert.ok(pages.partition(dpl(1))?.get('/other'));
  assert.equal(pages.count, 2);
});

test('one site that fills the memory drives out its own pages, not those of others', () => {
  const pages = new PageCache(256 << 10);
  for (let i = 0; i < 4; i++) pages.set(dpl(2), `/quiet-${i}`, page(1, `/quiet-${i}`), 1000);
  for (let i = 0; i < 500; i++) pages.set(dpl(1), `/loud-${i}`, page(1, `/loud-${i}`), 5000);
  assert.ok(pages.bytes <= 256 << 10);
  for (let i = 0; i < 4; i++) assert.ok(pages.partition(dpl(2))?.get(`/quiet-${i}`), `quiet-${i}`);
  assert.ok(pages.partition(dpl(1))?.get('/loud-499'));
  assert.equal(pages.partition(dpl(1))?.get('/loud-0'), undefined);
});

test('headers and tags weigh what they are long', () => {
  const pages = new PageCache(1 << 20);
  const fresh = memoryAsset('0'.repeat(64), Buffer.from('x'), 200, 'HIT', [['x-long', 'h'.repeat(50_000)]]);
  for (let i = 0; i < 50; i++) {
    const metadata = {
      group: `/p${i}`,
      at: 1,
      staleAfter: Infinity,
      expireAfter: Infinity,
      tags: ['t'.repeat(50_000)],
    };
    pages.set(dpl(1), `/p${i}`, { metadata, fresh, stale: staleAsset(fresh) }, 1);
  }
  assert.ok(pages.count <= 10, `${pages.count}`);
});

test('what is removed weighs nothing', () => {
  const pages = new PageCache(1 << 20);
  for (let i = 0; i < 10; i++) pages.set(dpl(1), `/p${i}`, page(i, `/p${i}`), 100);
  for (let i = 0; i < 10; i++) pages.delete(dpl(1), `/p${i}`);
  assert.deepEqual([pages.bytes, pages.count, pages.partition(dpl(1))], [0, 0, undefined]);
});
