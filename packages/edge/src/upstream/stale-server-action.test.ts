import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { dpl, TestBed } from '../testing/test-bed.ts';

const bed = new TestBed();
before(async () => {
  await bed.start();
  bed.route(
    'app.localhost',
    dpl(1),
    bed.artifact({ function: true, framework: { name: 'nextjs', deploymentId: 'own-2' } }),
  );
  await bed.serve(dpl(1), (req, res) => {
    if (req.url?.startsWith('/known'))
      return void res.writeHead(200, { 'content-type': 'text/x-component' }).end('0:"done"');
    res
      .writeHead(409, {
        'x-nextjs-action-not-found': '1',
        'content-type': 'text/plain',
        'cache-control': 'max-age=9',
        'set-cookie': 'a=b',
      })
      .end('Server Action unavailable.');
  });
});
after(() => bed.stop());

const post = (path: string, headers: Record<string, string>) => bed.get(path, { method: 'POST', headers });

test("a removed action of an older page makes Next's client reload the page", async () => {
  const response = await post('/shop;1?q=a%20b', { 'next-action': '40aa', 'x-deployment-id': dpl(7) });
  assert.equal(response.status, 200);
  assert.equal(response.headers['x-action-redirect'], '/shop%3B1?q=a%20b;replace');
  assert.equal(response.headers['x-nextjs-action-not-found'], undefined);
  assert.equal(response.headers['content-type'], 'text/plain');
  assert.equal(response.headers['cache-control'], 'no-store');
  assert.deepEqual(response.headers['set-cookie'], ['a=b']);
  assert.equal(
    (await post('/', { 'next-action': '40aa', 'x-deployment-id': 'own-1' })).headers['x-action-redirect'],
    '/;replace',
  );
});

test('a form of an older page that was sent without JavaScript gets the page reloaded', async () => {
  const response = await post('/form?x=1', { 'content-type': 'multipart/form-data; boundary=b' });
  assert.deepEqual(
    [response.status, response.headers.location, response.headers['x-nextjs-action-not-found']],
    [303, '/form?x=1', undefined],
  );
});

test('a page of the current deployment gets the plain error, because a reload would load the same page for ever', async () => {
  for (const named of [dpl(1), 'own-2']) {
    const response = await post('/', { 'next-action': '40aa', 'x-deployment-id': named });
    assert.deepEqual(
      [response.status, response.headers['x-nextjs-action-not-found'], response.headers['x-action-redirect']],
      [409, '1', undefined],
    );
  }
  assert.equal((await post('/', { 'next-action': '40aa' })).status, 409);
});

test('a response with a result stays unchanged', async () => {
  const response = await post('/known', { 'next-action': '40aa', 'x-deployment-id': dpl(7) });
  assert.deepEqual(
    [response.status, response.text, response.headers['x-action-redirect']],
    [200, '0:"done"', undefined],
  );
  assert.equal((await bed.get('/')).status, 409);
});
