import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryAsset, staleAsset } from '../assets/asset.ts';
import { dpl } from '../test-bed.ts';
import { KeptPages, type KeptPage } from './kept-pages.ts';

const page = (at: number, group = '/page'): Omit<KeptPage, 'bytes' | 'version'> => {
  const fresh = memoryAsset('0'.repeat(64), Buffer.from('x'), 200, 'HIT', []);
  return { made: { group, at, staleAfter: Infinity, expireAfter: Infinity, tags: [] }, fresh, stale: staleAsset(fresh) };
};

test('a newer version of one part ends the older others of its page, an older one changes nothing', () => {
  const pages = new KeptPages(1 << 20);
  pages.set(dpl(1), '/page', page(1), 10);
  pages.set(dpl(1), '/page.rsc', page(1), 10);
  pages.set(dpl(1), '/other', page(1, '/other'), 10);
  pages.set(dpl(1), '/page.rsc', page(2), 10);
  assert.equal(pages.of(dpl(1))?.get('/page'), undefined);
  assert.equal(pages.of(dpl(1))?.get('/page.rsc')?.made.at, 2);
  assert.equal(pages.of(dpl(1))?.newest('/page'), 2);
  pages.set(dpl(1), '/page', page(1), 10);
  assert.equal(pages.of(dpl(1))?.get('/page'), undefined);
  assert.ok(pages.of(dpl(1))?.get('/other'));
  assert.equal(pages.count, 2);
});

test('one site that fills the memory drives out its own pages, not those of others', () => {
  const pages = new KeptPages(256 << 10);
  for (let i = 0; i < 4; i++) pages.set(dpl(2), `/quiet-${i}`, page(1, `/quiet-${i}`), 1000);
  for (let i = 0; i < 500; i++) pages.set(dpl(1), `/loud-${i}`, page(1, `/loud-${i}`), 5000);
  assert.ok(pages.bytes <= 256 << 10);
  for (let i = 0; i < 4; i++) assert.ok(pages.of(dpl(2))?.get(`/quiet-${i}`), `quiet-${i}`);
  assert.ok(pages.of(dpl(1))?.get('/loud-499'));
  assert.equal(pages.of(dpl(1))?.get('/loud-0'), undefined);
});

test('headers and tags weigh what they are long', () => {
  const pages = new KeptPages(1 << 20);
  const fresh = memoryAsset('0'.repeat(64), Buffer.from('x'), 200, 'HIT', [['x-long', 'h'.repeat(50_000)]]);
  for (let i = 0; i < 50; i++) {
    const made = { group: `/p${i}`, at: 1, staleAfter: Infinity, expireAfter: Infinity, tags: ['t'.repeat(50_000)] };
    pages.set(dpl(1), `/p${i}`, { made, fresh, stale: staleAsset(fresh) }, 1);
  }
  assert.ok(pages.count <= 10, `${pages.count}`);
});

test('what is removed weighs nothing', () => {
  const pages = new KeptPages(1 << 20);
  for (let i = 0; i < 10; i++) pages.set(dpl(1), `/p${i}`, page(i, `/p${i}`), 100);
  for (let i = 0; i < 10; i++) pages.delete(dpl(1), `/p${i}`);
  assert.deepEqual([pages.bytes, pages.count, pages.of(dpl(1))], [0, 0, undefined]);
});
