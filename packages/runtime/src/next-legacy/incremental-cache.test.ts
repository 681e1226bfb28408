import { strict as assert } from 'node:assert';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { CacheStore } from '../cache/cache-store.ts';
import { claimsIn } from '../cache/data-claims.ts';
import { createServerCache } from './incremental-cache.ts';
import { TagInvalidations } from '../cache/tag-invalidations.ts';

const directory = mkdtempSync(join(tmpdir(), 'anchor-test-'));
after(() => rmSync(directory, { recursive: true, force: true }));

const BUILT_AT = Date.now() - 60_000;
/** As Next's own: what the build made, with the time of the file. */
class Files {
  get(key: string): Promise<unknown> {
    try {
      return Promise.resolve({
        lastModified: Date.now(),
        value: JSON.parse(readFileSync(join(directory, `${key.slice(1)}.json`), 'utf8')) as unknown,
      });
    } catch {
      return Promise.resolve(null);
    }
  }
}
const page = (html: string, tags = '_N_T_/page') => ({
  kind: 'APP_PAGE',
  html,
  headers: { 'x-next-cache-tags': tags },
});

/** A process of the deployment: its own memory, the directory that all share. */
function openProcess(name: string) {
  const remembered: string[] = [];
  const parts = {
    store: new CacheStore(join(directory, name, 'render')),
    clock: new TagInvalidations(join(directory, name, 'tags.log')),
    FileCache: Files,
    claims: claimsIn(join(directory, name)),
    builtAt: BUILT_AT,
    remember: (key: string) => void remembered.push(key),
  };
  const Cache = createServerCache(parts);
  return { cache: new Cache({}), remembered, log: () => readFileSync(join(directory, name, 'tags.log'), 'utf8') };
}

test('an entry of one process is the next response of the other, with its lifetime', async () => {
  const [one, other] = [openProcess('shared'), openProcess('shared')];
  await one.cache.set('/page', page('made'), { revalidate: 5 });
  const entry = await other.cache.get('/page');
  assert.equal(entry?.value?.['html'], 'made');
  assert.equal(entry?.revalidate, 5);
  assert.deepEqual(other.remembered, ['/page']);
});

test('a tag that one process invalidates is gone in the other at once: pages by their header, fetches by the tags of the lookup', async () => {
  const [one, other] = [openProcess('tags'), openProcess('tags')];
  await one.cache.set('/page', page('made', 'a,b'), {});
  await one.cache.set('f'.repeat(64), { kind: 'FETCH', data: {} }, { tags: ['c'] });
  await other.cache.revalidateTag('b');
  assert.equal(await one.cache.get('/page'), null);
  assert.notEqual(await one.cache.get('f'.repeat(64), { tags: ['c'], softTags: ['_N_T_/x'] }), null);
  await other.cache.revalidateTag(['_N_T_/x']);
  assert.equal(await one.cache.get('f'.repeat(64), { tags: ['c'], softTags: ['_N_T_/x'] }), null);
});

test('an entry of the build is as old as the build, and not newer than its tags', async () => {
  writeFileSync(join(directory, 'built.json'), JSON.stringify(page('built', '_N_T_/built')));
  const { cache } = openProcess('seeds');
  assert.equal((await cache.get('/built'))?.lastModified, BUILT_AT);
  await cache.revalidateTag('_N_T_/built');
  assert.equal(await cache.get('/built'), null);
});

test('a page of the Pages Router that is replaced is reported to the edge, once', async () => {
  const { cache, log } = openProcess('pages');
  for (const key of ['/legacy', '/legacy', '/route-cache/PAGES/0a/$/index'])
    await cache.set(key, { kind: 'PAGES', html: '', pageData: {} }, {});
  await cache.set('/old', { kind: 'PAGE', html: '', pageData: { some: 'data' } }, {});
  await cache.set('/app', { kind: 'PAGE', html: '', pageData: 'the App Router has text' }, {});
  assert.deepEqual(
    log()
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { tag: string }).tag),
    ['_A_G_/legacy', '_A_G_/', '_A_G_/old'],
  );
});
