import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { memoryHome } from '@anchor/testing/memory/home.ts';
import { must, sampleDeployment, sampleProject } from '@anchor/testing/samples.ts';
import { temporaryDirectory } from '@anchor/testing/temporary.ts';
import { BlobScrub } from './blob-scrub.ts';
import { openBlobStore } from './blob-store.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const never = new AbortController().signal;

async function site(t: TestContext, bytesPerSecond = 1e9) {
  const directory = await temporaryDirectory();
  t.after(() => directory.remove());
  const blobs = openBlobStore(join(directory.path, 'blobs'));
  const ports = { ...memoryHome(), blobs };
  const project = sampleProject();
  const page = await blobs.put(bytes('<h1>the page</h1>'));
  for (let i = 0; i < 20; i++) await blobs.put(bytes(`other ${i}`));
  const artifact = await blobs.put(
    bytes(
      JSON.stringify({
        version: 1,
        components: {
          web: {
            kind: 'web',
            framework: { name: 'static' },
            basePath: '',
            trailingSlash: false,
            files: { '/index.html': { blob: page, size: 17, type: 'text/html' } },
            prerenders: {},
          },
        },
      }),
    ),
  );
  await ports.projects.insert(project);
  await ports.deployments.insert(sampleDeployment({ projectId: project.id, state: 'success', artifact }));
  const reports: string[] = [];
  const scrub = new BlobScrub({
    directory: join(directory.path, 'blobs'),
    blobs,
    ports,
    bytesPerSecond,
    report: (message) => reports.push(message),
  });
  return { blobs, ports, project, page, scrub, reports };
}
async function flip(path: string): Promise<void> {
  await chmod(path, 0o644);
  const content = await readFile(path);
  content[3] = (content[3] ?? 0) ^ 1;
  await writeFile(path, content);
}

test('one changed bit is found, named with its project, not served any more, and healed by the next build', async (t) => {
  const { blobs, ports, project, page, scrub, reports } = await site(t);
  assert.deepEqual(await scrub.pass(never), { read: 22, damaged: 0 });
  await flip(blobs.pathOf(page));
  assert.deepEqual(await scrub.pass(never), { read: 22, damaged: 1 });
  const listed = await ports.failedRecords.get('blob', page);
  assert.equal(listed?.project, project.id);
  assert.match(listed.why, /changed on disk/);
  assert.match(reports[0] ?? '', new RegExp(page));
  assert.equal(existsSync(blobs.pathOf(page)), false, 'an edge finds no wrong bytes');
  assert.equal((await scrub.records.retry(page)).ok, false);
  assert.equal(await blobs.put(bytes('<h1>the page</h1>')), page);
  await scrub.pass(never);
  assert.equal(await ports.failedRecords.get('blob', page), undefined);
});

test('a blob that a backup found damaged is moved aside at once, and a sound or missing one is not', async (t) => {
  const { blobs, ports, project, page, scrub } = await site(t);
  const sound = await blobs.put(bytes('sound'));
  await flip(blobs.pathOf(page));
  await scrub.check([page, sound, 'f'.repeat(64)]);
  assert.equal((await ports.failedRecords.get('blob', page))?.project, project.id);
  assert.equal(existsSync(blobs.pathOf(page)), false, 'an edge finds no wrong bytes');
  assert.ok(existsSync(blobs.pathOf(sound)));
  assert.equal((await ports.failedRecords.list({ limit: 10 })).items.length, 1);
});

test('a blob that was repaired by hand is taken back', async (t) => {
  const { blobs, page, scrub } = await site(t);
  await flip(blobs.pathOf(page));
  await scrub.pass(never);
  await flip(join(blobs.pathOf(page), '..', '..', 'damaged', page));
  must(await scrub.records.retry(page));
  assert.equal(new TextDecoder().decode(await blobs.get(page)), '<h1>the page</h1>');
  must(await scrub.records.drop('../../key'));
});

test('it reads at a bounded rate, stops at once when aborted, and continues where it was', async (t) => {
  const { blobs, scrub, ports } = await site(t, 1_000_000);
  await blobs.put(new Uint8Array(400_000));
  const startedAt = performance.now();
  assert.equal((await scrub.pass(never)).read, 23);
  assert.ok(performance.now() - startedAt > 390, 'no faster than a megabyte a second');
  await ports.facts.set('scrub-cursor', '7f');
  const rest = (await scrub.pass(never)).read;
  assert.ok(rest < 23, String(rest));
  const stop = AbortSignal.abort();
  assert.deepEqual(await scrub.pass(stop), { read: 0, damaged: 0 });
});
