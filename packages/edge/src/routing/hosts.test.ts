import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { until } from '@anchor/testing/until.ts';
import { dpl, TestBed } from '../testing/test-bed.ts';

const bed = new TestBed();
const old = { deploymentId: dpl(1), artifact: '', until: Infinity };
const foreign = dpl(99);

before(async () => {
  await bed.start();
  for (const n of [1, 2, 99]) {
    await bed.serve(
      dpl(n),
      (req, res) =>
        void (req.url?.startsWith('/_next/static/') === true
          ? res.setHeader('x-anchor-serve', req.url).end()
          : res.end(`function of ${dpl(n)}`)),
    );
  }
  old.artifact = bed.artifact({
    function: true,
    files: { '/_next/static/old.js': bed.file('old js', { immutable: true }), '/page.txt': bed.file('old page') },
  });
  const current = bed.artifact({ function: true, files: { '/page.txt': bed.file('new page') } });
  bed.route('app.localhost', dpl(2), current, [old]);
  bed.route('around.localhost', dpl(3), bed.artifact({ framework: { name: 'node' }, function: 'server' }));
  await bed.serve(dpl(3), (req, res) => void res.end(`server has ${req.url}`));
  const guarded = bed.artifact({
    function: true,
    routing: {
      beforeMiddleware: [],
      middlewareMatchers: [{ sourceRegex: '^/.*$' }],
      beforeFiles: [],
      afterFiles: [],
      onMatch: [],
    },
  });
  bed.route('guarded.localhost', dpl(2), guarded, [old]);
  bed.route('other.localhost', foreign, bed.artifact({ files: { '/page.txt': bed.file('foreign') } }));
});
after(() => bed.stop());

const textOf = async (path: string, headers: Record<string, string> = {}, host = 'app.localhost'): Promise<string> =>
  (await bed.get(path, { headers, host })).text;

test('the host chooses the deployment, whatever its case and port', async () => {
  assert.equal(await textOf('/page.txt'), 'new page');
  assert.equal(await textOf('/page.txt', {}, 'APP.localhost:7480'), 'new page');
  assert.equal(await textOf('/page.txt', {}, 'other.localhost'), 'foreign');
});

test('an unknown host makes the routes be read again, and its error names it', async () => {
  const refreshes = bed.refreshes;
  const page = await bed.get('/', { host: 'nobody.localhost', headers: { accept: 'text/html' } });
  assert.equal(page.status, 404);
  assert.match(page.text, /nobody\.localhost/);
  assert.match(String(page.headers['content-type']), /text\/html/);
  assert.equal(page.headers['cache-control'], 'no-store');
  assert.equal(bed.refreshes, refreshes + 1);
  bed.coming.set('soon.localhost', bed.routeOf('soon.localhost', foreign, bed.routes.get('other.localhost')!.artifact));
  // The edge reads again at most every 10 ms.
  await until('the new route serves', async () => (await textOf('/page.txt', {}, 'soon.localhost')) === 'foreign');
});

test('problems are JSON, a page or text, as the client accepts, and nothing of the host is run as markup', async () => {
  const json = await bed.get('/', { host: 'nobody.localhost', headers: { accept: 'application/json' } });
  assert.equal(json.headers['content-type'], 'application/problem+json');
  const problem = JSON.parse(json.text);
  assert.equal(problem.code, 'host_not_found');
  assert.equal(problem.requestId, json.headers['x-request-id']);
  assert.match(String((await bed.get('/', { host: 'nobody.localhost' })).headers['content-type']), /text\/plain/);
  const evil = await bed.get('/', { host: '<script>alert(1).localhost', headers: { accept: 'text/html' } });
  assert.equal(evil.status, 404);
  assert.ok(!evil.text.includes('<script>'));
});

test('hashed files of an earlier deployment stay reachable, its other files do not', async () => {
  assert.equal(await textOf('/_next/static/old.js'), 'old js');
  assert.equal(await textOf('/page.txt'), 'new page');
  assert.equal((await bed.get('/_next/static/never.js')).status, 404);
});

test('a custom server around Next.js receives requests for its hashed files', async () => {
  assert.equal(await textOf('/_next/static/a.js', {}, 'around.localhost'), 'server has /_next/static/a.js');
});

test('hashed files of an earlier deployment stay reachable where middleware runs on every path', async () => {
  assert.equal(await textOf('/_next/static/old.js', {}, 'guarded.localhost'), 'old js');
  assert.equal((await bed.get('/_next/static/never.js', { host: 'guarded.localhost' })).status, 404);
});

test('a tab of an earlier deployment reaches its own deployment', async () => {
  assert.equal(await textOf(`/page.txt?dpl=${dpl(1)}`), 'old page');
  assert.equal(await textOf('/page.txt', { 'x-deployment-id': dpl(1) }), 'old page');
  assert.equal(await textOf('/page.txt', { cookie: `a=b; __anchor_dpl=${dpl(1)}` }), 'old page');
  const dynamic = await bed.get('/x', { headers: { 'x-deployment-id': dpl(1) } });
  assert.equal(dynamic.text, `function of ${dpl(1)}`);
  assert.equal(dynamic.headers['x-anchor-deployment'], dpl(1));
});

test('a deployment that is not of this host is never reached', async () => {
  assert.equal(await textOf(`/page.txt?dpl=${foreign}`), 'new page');
  assert.equal(await textOf('/page.txt', { 'x-deployment-id': foreign }), 'new page');
  assert.equal(await textOf('/page.txt', { cookie: `__anchor_dpl=${foreign}` }), 'new page');
  assert.equal(await textOf('/x', { 'x-deployment-id': '__proto__' }), `function of ${dpl(2)}`);
});

test('a tab reaches its own deployment for its time only; hashed files stay', async () => {
  bed.route('aged.localhost', dpl(2), bed.routes.get('app.localhost')!.artifact, [{ ...old, until: Date.now() }]);
  assert.equal(await textOf('/page.txt', { 'x-deployment-id': dpl(1) }, 'aged.localhost'), 'new page');
  assert.equal((await bed.get(`/x?dpl=${dpl(1)}`, { host: 'aged.localhost' })).headers['x-anchor-deployment'], dpl(2));
  assert.equal(await textOf(`/_next/static/old.js?dpl=${dpl(1)}`, {}, 'aged.localhost'), 'old js');
});

test('a tab names its deployment by the id that its app chose', async () => {
  const own = (id: string, text: string): string =>
    bed.artifact({
      function: true,
      framework: { name: 'nextjs', deploymentId: id },
      files: { '/page.txt': bed.file(text) },
    });
  bed.route('own.localhost', dpl(2), own('v3', 'third'), [
    { deploymentId: dpl(1), artifact: own('v2', 'second'), until: Infinity },
    { deploymentId: dpl(99), artifact: own('v1', 'first'), until: Date.now() },
  ]);
  for (const [named, text] of [
    ['v3', 'third'],
    ['v2', 'second'],
    ['v1', 'third'],
    ['v0', 'third'],
    ['../v2', 'third'],
    ['__proto__', 'third'],
  ] as const) {
    assert.equal(await textOf('/page.txt', { 'x-deployment-id': named }, 'own.localhost'), text, named);
  }
  assert.equal(await textOf('/page.txt?a=b&dpl=v2', {}, 'own.localhost'), 'second');
  assert.equal(
    (await bed.get('/x', { headers: { 'x-deployment-id': 'v2' }, host: 'own.localhost' })).headers[
      'x-anchor-deployment'
    ],
    dpl(1),
  );
});

test('a tab whose deployment was cleaned up gets the current one', async () => {
  bed.route('cleaned.localhost', dpl(2), bed.routes.get('app.localhost')!.artifact, [
    { deploymentId: dpl(7), artifact: 'd'.repeat(64), until: Infinity },
  ]);
  assert.equal(await textOf('/page.txt', { 'x-deployment-id': dpl(7) }, 'cleaned.localhost'), 'new page');
});

test('a switch is seen by the next request on the same connection', async () => {
  bed.route('flip.localhost', dpl(1), old.artifact);
  assert.equal(await textOf('/page.txt', {}, 'flip.localhost'), 'old page');
  bed.route('flip.localhost', dpl(2), bed.routes.get('app.localhost')!.artifact);
  assert.equal(await textOf('/page.txt', {}, 'flip.localhost'), 'new page');
});

test('an artifact that is missing or broken is 503 with a reason', async () => {
  bed.route('lost.localhost', dpl(5), 'a'.repeat(64));
  assert.equal((await bed.get('/', { host: 'lost.localhost' })).status, 503);
  writeFileSync(join(bed.directory, 'b'.repeat(64)), '{"version":1,"components":{"__proto__":{}}}');
  bed.route('broken.localhost', dpl(5), 'b'.repeat(64));
  assert.equal((await bed.get('/', { host: 'broken.localhost' })).status, 503);
  bed.route('climb.localhost', dpl(5), '../../etc/passwd');
  assert.equal((await bed.get('/', { host: 'climb.localhost' })).status, 503);
});
