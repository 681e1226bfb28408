import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { TestBed } from '../test-bed.ts';
import { Sites } from './sites.ts';

const bed = new TestBed();
after(() => bed.stop());

test('a name that no deployment has is not looked for in their artifacts again and again', async () => {
  const candidates = ['one', 'two'].map((deploymentId) => ({ artifact: bed.artifact({ framework: { name: 'nextjs', deploymentId } }) }));
  let opened = 0;
  const sites = new Sites({ open: (hash) => (opened++, { path: join(bed.directory, hash) }) }, 1);
  assert.equal(await sites.named(candidates, 'none'), undefined);
  assert.equal(opened, 2);
  for (let i = 0; i < 5; i++) assert.equal(await sites.named(candidates, 'none'), undefined);
  assert.equal(await sites.named(candidates, 'two'), candidates[1]);
  assert.equal(await sites.named(candidates, 'one'), candidates[0]);
  assert.equal(opened, 2);
});
