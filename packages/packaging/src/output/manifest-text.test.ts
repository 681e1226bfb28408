import assert from 'node:assert/strict';
import { test } from 'node:test';
import { manifestSchema } from '@anchor/core/artifact/manifest.ts';
import type { WebComponent } from '@anchor/protocol/artifact/web/component.ts';
import { manifestText } from './manifest-text.ts';

const blob = 'a'.repeat(64);
const limits = { manifestMb: 1, manifestFiles: 10_000 };
const site = (count: number, name = (i: number) => `/docs/en/${i}.html`): WebComponent => ({
  kind: 'web',
  framework: { name: 'static' },
  basePath: '',
  trailingSlash: false,
  files: Object.fromEntries(Array.from({ length: count }, (_, i) => [name(i), { blob, size: i, type: 'text/html' }])),
  prerenders: {
    '/p': {
      blob,
      size: 1,
      status: 200,
      headers: { 'content-type': 'text/html' },
      revalidate: 60,
      tags: ['a'],
      group: 0,
      bypass: [],
    },
  },
});

test('the text is the manifest', async () => {
  const written = await manifestText(site(500), limits);
  assert.ok(written.ok);
  assert.deepEqual(manifestSchema.parse(JSON.parse(written.value)), { version: 1, components: { web: site(500) } });
});

test('too many files, or too long a list of them, are refused with what is large and what to do', async () => {
  const many = await manifestText(site(10_000), limits);
  assert.ok(!many.ok);
  assert.equal(many.error.code, 'output_refused');
  assert.match(
    many.error.cause ?? '',
    /10,001 files; a deployment may have 10,000\. Most are in \/docs\/en \(10,000\)/,
  );
  assert.match(many.error.fix, /\.\/up --manifest-files/);
  const long = await manifestText(
    site(5_000, (i) => `/${'x'.repeat(300)}/${i}`),
    limits,
  );
  assert.ok(!long.ok);
  assert.match(long.error.cause ?? '', /exceeds 1 MB/);
});

test('what cannot be described is refused by its name', async () => {
  const wrong = await manifestText(
    { ...site(1), files: { '/a': { blob: 'short', size: 1, type: 'text/html' } } },
    limits,
  );
  assert.ok(!wrong.ok);
  assert.match(wrong.error.cause ?? '', /^\/a\.blob: /);
  assert.equal(
    (await manifestText({ ...site(1), files: { 'no-slash': { blob, size: 1, type: 'text/html' } } }, limits)).ok,
    false,
  );
});
