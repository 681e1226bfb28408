import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareAll, type ComparedRequest } from './compare.ts';
import { declareMatrix } from './matrix/declare.ts';
import { namedPaths } from './matrix/names.ts';

/** Every way to revalidate, of both routers, with basePath and a proxy: as `next start` does it. */
const BASE = '/base';
const sides = declareMatrix({ name: 'base', basePath: BASE, i18n: false, middleware: true }, (sides, stamps) => {
  test('what the build fetched is there for the site, until it is revalidated', async () => {
    const stampOf = (body: string): string => /stamp-\w+/.exec(body)?.[0] ?? assert.fail(body.slice(0, 300));
    for (const { name, request } of Object.values(sides())) {
      assert.ok(stamps().includes(stampOf((await request(`${BASE}/data`)).body)));
      // Next may fetch it more than once while it builds: what counts is that the site does not fetch it again.
      const during = stamps().length;
      const built = (await request(`${BASE}/api/data`)).body;
      assert.deepEqual([stamps().indexOf(built) < during, stamps().length], [true, during], `${name}: ${built}`);
      // Our requests alternate between two processes: what one has fetched, the next request sees, whichever serves it.
      for (let seen = built, round = 0; round < 20; round++) {
        await request(`${BASE}/api/rev?tag=shared&profile=now`);
        const next = (await request(`${BASE}/api/data`)).body;
        assert.notEqual(next, seen, name);
        for (let attempt = 0; attempt < 3; attempt++)
          assert.equal((await request(`${BASE}/api/data`)).body, next, `${name}, round ${round}`);
        seen = next;
      }
    }
  });
});

test("parameters of edge pages, committed .env.local files and headers of one's own are as with next start", async () => {
  const { ours, theirs } = sides();
  assert.deepEqual(
    await compareAll(
      ours,
      theirs,
      ['/edge/a/b', '/edge/a', '/edge1/x?y=1', '/edge/a/b?parts=z'].map((path) => ({ path: BASE + path })),
    ),
    [],
  );
  const own = async ({ request }: typeof ours) => {
    const { headers } = await request(`${BASE}/api/data`);
    return [headers['x-middleware-custom'], headers['x-case-env']];
  };
  assert.deepEqual(
    [await own(ours), await own(theirs)],
    [
      ['own', 'local'],
      ['own', 'local'],
    ],
  );
});

test('routes are found whatever they are called', async () => {
  const { ours, theirs } = sides();
  const requests = namedPaths(BASE).map((path): ComparedRequest =>
    path.includes('%73even')
      ? { path, differs: { 'cache-control': 'a page that is missing now may be there tomorrow' } }
      : { path },
  );
  assert.deepEqual(await compareAll(ours, theirs, requests), []);
});
