import assert from 'node:assert/strict';
import { appendFile, mkdtemp, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, test } from 'node:test';
import { serialize } from 'node:v8';
import { nextMillisecond } from '@anchor/testing/next-millisecond.ts';
import { createIncrementalCache } from './incremental-cache.ts';
import { CacheStore } from './cache-store.ts';
import { claimsIn } from './data-claims.ts';
import { RevalidationLocks } from './revalidation-lock.ts';
import { TagInvalidations } from './tag-invalidations.ts';
import { createUseCacheHandler } from './use-cache-handler.ts';

const directories: string[] = [];
let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'anchor-test-'));
  directories.push(directory);
});
after(() => Promise.all(directories.map((path) => rm(path, { recursive: true, force: true }))));

const page = (html: string, tags: string) => ({
  kind: 'APP_PAGE',
  html,
  rscData: Buffer.from('rsc'),
  segmentData: new Map([['/_tree', Buffer.from('tree')]]),
  headers: { 'x-next-cache-tags': tags },
  status: 200,
});
/** The state of one process of a deployment. */
const process1 = () => {
  const store = new CacheStore(join(directory, 'render'));
  const clock = new TagInvalidations(join(directory, 'tags.log'));
  const claims = claimsIn(directory);
  return {
    store,
    clock,
    handler: new (createIncrementalCache({
      store,
      tags: clock,
      locks: new RevalidationLocks(join(directory, 'locks')),
      claims,
      builtAt: 1,
    }))({ serverDistDir: join(directory, 'server') }),
    use: createUseCacheHandler({ store, clock, claims }),
  };
};

test('an entry that one process writes is read by another, with its types', async () => {
  const [one, two] = [process1(), process1()];
  await one.handler.set('/a', page('<p>a</p>', 'tag-a'), { cacheControl: { revalidate: 60 } });
  const read = await two.handler.get('/a', { kind: 'APP_PAGE' });
  assert.equal(read?.value?.['html'], '<p>a</p>');
  assert.ok(Buffer.isBuffer(read?.value?.['rscData']));
  const segments = read?.value?.['segmentData'];
  assert.ok(segments instanceof Map);
  assert.equal(String(segments.get('/_tree')), 'tree');
  assert.deepEqual(read?.cacheControl, { revalidate: 60 });
});

test('memory never hides what another process wrote later', async () => {
  const [one, two] = [process1(), process1()];
  for (const html of ['first', 'second', 'third']) {
    await one.handler.set('/a', page(html, 't'));
    assert.equal((await two.handler.get('/a', { kind: 'APP_PAGE' }))?.value?.['html'], html);
    assert.equal((await one.handler.get('/a', { kind: 'APP_PAGE' }))?.value?.['html'], html);
  }
});

test('a process reads what it writes before the disk has it', async () => {
  const store = new CacheStore(directory);
  await store.write('page', 'first');
  const writing = store.write('page', 'second');
  assert.equal(await store.read('page'), 'second');
  await writing;
  assert.equal(await store.read('page'), 'second');
});

test('processes that have the same number, each in its own sandbox, write a page at once: one version is left, and whole', async () => {
  const inSandbox = async (name: string) => {
    const module = (await import(new URL(`./cache-store.ts?${name}`, import.meta.url).href)) as {
      CacheStore: typeof CacheStore;
    };
    return new module.CacheStore(directory);
  };
  const [one, two] = [await inSandbox('a'), await inSandbox('b')];
  for (let round = 0; round < 100; round++) {
    const texts = ['a', 'b'].map((letter) => letter.repeat(50_000));
    await Promise.all([one.write('page', texts[0]), two.write('page', texts[1])]);
    const [first, second] = await Promise.all([one.read('page'), two.read('page')]);
    assert.ok(typeof first === 'string' && texts.includes(first), 'a page is a mixture of two');
    assert.equal(first, second, 'the processes differ');
  }
  assert.equal(
    (await readdir(directory, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile()).length,
    1,
  );
});

test('a file that cannot be distinguished from the one before it, as the clock has not ticked, is read', async () => {
  const [one, two] = [new CacheStore(directory), new CacheStore(directory)];
  await one.write('page', 'first');
  const [name = ''] = (await readdir(directory, { recursive: true })).filter((path) => path.includes('/'));
  const path = join(directory, name);
  const replaced = async (time: number, from: string, to: string): Promise<unknown> => {
    const tick = new Date(time);
    await writeFile(path, serialize(from));
    await utimes(path, tick, tick);
    assert.equal(await two.read('page'), from);
    const { ino, mtimeMs, size } = await stat(path);
    await writeFile(path, serialize(to));
    await utimes(path, tick, tick);
    assert.deepEqual(await stat(path).then((found) => [found.ino, found.mtimeMs, found.size]), [ino, mtimeMs, size]);
    return two.read('page');
  };
  assert.equal(await replaced(Date.now() + 60_000, 'north', 'south'), 'south');
  // Nothing replaces a file under the time of long ago: that one is known without being read.
  assert.equal(await replaced(Date.now() - 60_001, 'older', 'newer'), 'older');
});

test('an invalidated tag makes entries of every process unusable, later ones not', async () => {
  const [one, two] = [process1(), process1()];
  await one.handler.set('/a', page('a', 'x,shared'));
  await one.handler.set('/b', page('b', 'y'));
  await two.handler.revalidateTag('shared');
  assert.equal(await one.handler.get('/a', { kind: 'APP_PAGE' }), null);
  assert.notEqual(await one.handler.get('/b', { kind: 'APP_PAGE' }), null);
  await new Promise((resolve) => setImmediate(resolve));
  await one.handler.set('/a', page('new', 'x,shared'));
  assert.equal((await two.handler.get('/a', { kind: 'APP_PAGE' }))?.value?.['html'], 'new');
});

test('tags of fetch entries are the stored ones and those of the lookup', async () => {
  const { handler } = process1();
  const value = { kind: 'FETCH', data: { body: '1', headers: {}, status: 200, url: '' }, revalidate: 60 };
  await handler.set('key', value, { tags: ['stored'] });
  assert.notEqual(await handler.get('key', { kind: 'FETCH' }), null);
  await handler.revalidateTag(['soft']);
  assert.notEqual(await handler.get('key', { kind: 'FETCH' }), null);
  assert.equal(await handler.get('key', { kind: 'FETCH', softTags: ['soft'] }), null);
  await handler.revalidateTag(['stored']);
  assert.equal(await handler.get('key', { kind: 'FETCH' }), null);
});

test('a profile makes entries stale at once and unusable later', async () => {
  const { clock } = process1();
  const madeAt = Date.now() - 1000;
  clock.invalidate(['t'], { expire: 3600 });
  assert.deepEqual([clock.stale(['t'], madeAt), clock.expired(['t'], madeAt)], [true, false]);
  clock.invalidate(['t'], { expire: -0.001 });
  assert.equal(clock.expired(['t'], madeAt), true);
  clock.invalidate(['forever'], {});
  assert.deepEqual([clock.stale(['forever'], madeAt), clock.expired(['forever'], madeAt)], [true, false]);
});

test('an invalidation with a profile neither hides an earlier one nor delays a later one', () => {
  const clock = new TagInvalidations(undefined);
  const madeAt = Date.now() - 1000;
  clock.invalidate(['a'], undefined);
  clock.invalidate(['a'], { expire: 3600 });
  assert.equal(clock.expired(['a'], madeAt), true);
  clock.invalidate(['b'], { expire: 3600 });
  clock.invalidate(['b'], undefined);
  assert.equal(clock.expired(['b'], madeAt), true);
  assert.ok(clock.latest(['a', 'b']) <= Date.now() + 1);
});

test('the tag log survives half-written and foreign lines', async () => {
  const file = join(directory, 'tags.log');
  await writeFile(file, `not json\n{"tag":1,"at":2}\nnull\n{"tag":"a","at":${Date.now() + 0.5}}\n{"tag":"b","a`);
  const clock = new TagInvalidations(file);
  clock.refresh();
  const before = Date.now() - 1000;
  await nextMillisecond();
  assert.deepEqual([clock.expired(['a'], before), clock.expired(['b'], before)], [true, false]);
  await appendFile(file, `t":${Date.now() - 1}}\n`);
  clock.refresh();
  assert.equal(clock.expired(['b'], before), true);
});

test('broken files and a disk that refuses are misses, never errors', async () => {
  const { store, handler } = process1();
  await handler.set('/a', page('a', 't'));
  for (const entry of await readdir(join(directory, 'render'), { recursive: true, withFileTypes: true }))
    if (entry.isFile()) await writeFile(join(entry.parentPath, entry.name), 'broken');
  assert.equal(await handler.get('/a', { kind: 'APP_PAGE' }), null);
  assert.equal(await handler.get('/../../etc/passwd', { kind: 'APP_PAGE' }), null);
  await writeFile(join(directory, 'file'), '');
  const refused = new CacheStore(join(directory, 'file', 'below'));
  await refused.write('key', 1);
  assert.equal(await refused.read('key'), undefined);
  await store.write('function', () => {}); // cannot be stored
  assert.equal(await store.read('function'), undefined);
});

test('the disk keeps the newest entries within its limit', async () => {
  const store = new CacheStore(join(directory, 'small'), { memoryBytes: 1000, diskBytes: 100_000 });
  for (let i = 0; i < 40; i++) await store.write(`key-${i}`, 'x'.repeat(10_000));
  let size = 0;
  for (const entry of await readdir(join(directory, 'small'), { recursive: true, withFileTypes: true }))
    if (entry.isFile()) size += 10_000;
  assert.ok(size <= 120_000, `${size} bytes`);
  assert.equal(await store.read('key-0'), undefined);
  assert.equal(await store.read('key-39'), 'x'.repeat(10_000));
});

test("'use cache' entries are streams that every process can read, until their tag is invalidated", async () => {
  const [one, two] = [process1(), process1()];
  const entry = (text: string, expire = 3600) =>
    Promise.resolve({
      value: new Response(text).body!,
      tags: ['u'],
      stale: 1,
      timestamp: Date.now() - 5,
      expire,
      revalidate: 60,
    });
  await one.use.set('key', entry('value'));
  const text = (found: { value: ReadableStream<Uint8Array> } | undefined) =>
    found === undefined ? undefined : new Response(found.value).text();
  for (const { use } of [one, two]) assert.equal(await text(await use.get('key')), 'value');
  await one.use.set('never', entry('gone', 0));
  assert.equal(await two.use.get('never'), undefined);
  await one.use.set('failed', Promise.reject(new Error('the render failed')));
  assert.equal(await one.use.get('failed'), undefined);
  await two.use.updateTags(['u'], { expire: 3600 });
  await one.use.refreshTags();
  assert.equal((await one.use.get('key'))?.revalidate, -1);
  await two.use.updateTags(['u']);
  await one.use.refreshTags();
  assert.equal(await one.use.get('key'), undefined);
  assert.ok((await one.use.getExpiration(['u', 'other'])) > 0);
  assert.equal(await one.use.getExpiration(['other']), 0);
});
