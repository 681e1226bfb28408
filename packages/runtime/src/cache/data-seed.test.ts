import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createIncrementalCache } from './incremental-cache.ts';
import { CacheStore } from './cache-store.ts';
import { claimsIn } from './data-claims.ts';
import { RevalidationLocks } from './revalidation-lock.ts';
import { TagInvalidations } from './tag-invalidations.ts';

const directory = await mkdtemp(join(tmpdir(), 'anchor-test-'));
after(() => rm(directory, { recursive: true, force: true }));
const KEY = 'ab'.repeat(32);
const MADE = Date.now() - 60_000;

test('what the build fetched is found again, as old as it is, until its tag is invalidated', async () => {
  const folder = join(directory, 'cache/fetch-cache');
  await mkdir(folder, { recursive: true });
  await writeFile(
    join(folder, KEY),
    JSON.stringify({
      kind: 'FETCH',
      data: { headers: {}, body: 'built', status: 200, url: '' },
      revalidate: 31_536_000,
      tags: ['shared'],
    }),
  );
  await writeFile(join(folder, '.times.json'), JSON.stringify({ [KEY]: MADE }));
  const clock = new TagInvalidations(join(directory, 'tags.log'));
  const Handler = createIncrementalCache({
    store: new CacheStore(join(directory, 'render')),
    tags: clock,
    locks: new RevalidationLocks(join(directory, 'locks')),
    claims: claimsIn(directory),
    builtAt: Date.now(),
  });
  const handler = new Handler({ serverDistDir: join(directory, 'server') });
  const read = await handler.get(KEY, { kind: 'FETCH', tags: ['shared'] });
  assert.equal(read?.lastModified, MADE);
  assert.deepEqual(read?.value?.['data'], { headers: {}, body: 'built', status: 200, url: '' });
  for (const none of ['cd'.repeat(32), '../../secret', 'x'])
    assert.equal(await handler.get(none, { kind: 'FETCH' }), null, none);
  await handler.revalidateTag('shared');
  assert.equal(await handler.get(KEY, { kind: 'FETCH', tags: ['shared'] }), null);
});
