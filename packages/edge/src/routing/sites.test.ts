import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { pageTag } from '@anchor/protocol/cache-metadata.ts';
import { TestBed } from '../testing/test-bed.ts';
import { indexManifest } from './site-index.ts';
import { Site } from './site.ts';
import { Sites } from './sites.ts';

const bed = new TestBed();
after(() => bed.stop());

test('a name that no deployment has is not searched in their artifacts again and again', async () => {
  const candidates = ['one', 'two'].map((deploymentId) => ({
    artifact: bed.artifact({ framework: { name: 'nextjs', deploymentId } }),
  }));
  let opened = 0;
  const sites = new Sites({ open: (hash) => (opened++, { path: join(bed.directory, hash) }) }, 1);
  assert.equal(await sites.named(candidates, 'none', 'prj'), undefined);
  assert.equal(opened, 2);
  for (let i = 0; i < 5; i++) assert.equal(await sites.named(candidates, 'none', 'prj'), undefined);
  assert.equal(await sites.named(candidates, 'two', 'prj'), candidates[1]);
  assert.equal(await sites.named(candidates, 'one', 'prj'), candidates[0]);
  assert.equal(opened, 2);
});

test('the pages of a group share one list of tags', () => {
  const page = {
    blob: '0'.repeat(64),
    size: 1,
    status: 200,
    headers: {},
    revalidate: false,
    tags: ['t'],
    group: 7,
    bypass: [],
  };
  const web = {
    kind: 'web',
    framework: { name: 'nextjs' },
    basePath: '',
    trailingSlash: false,
    files: {},
    prerenders: { '/a': page, '/a.rsc': { ...page, tags: ['u'] } },
  };
  const index = indexManifest(JSON.stringify({ version: 1, components: { web } }));
  assert.ok(typeof index !== 'string');
  const site = new Site('0'.repeat(64), index);
  const tags = site.pages.get('/a')?.metadata.tags;
  assert.deepEqual(tags, [pageTag('/a'), 't', 'u']);
  assert.equal(site.pages.get('/a.rsc')?.metadata.tags, tags);
});
