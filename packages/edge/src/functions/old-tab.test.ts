import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { dpl, TestBed } from '../test-bed.ts';

const bed = new TestBed();
before(async () => {
  await bed.start();
  bed.route('app.localhost', dpl(1), bed.artifact({ function: true, framework: { name: 'nextjs', deploymentId: 'own-2' } }));
  await bed.serve(dpl(1), (req, res) => {
    if (req.url?.startsWith('/known')) return void res.writeHead(200, { 'content-type': 'text/x-component' }).end('0:"done"');
    res.writeHead(409, { 'x-nextjs-action-not-found': '1', 'content-type': 'text/plain', 'cache-control': 'max-age=9', 'set-cookie': 'a=b' }).end('Server Action unavailable.');
  });
});
after(() => bed.stop());

const post = (path: string, headers: Record<string, string>) => bed.get(path, { method: 'POST', headers });

test('an action of an older tab that is gone loads the page anew, in the words of Next\'s client', async () => {
  const answer = await post('/shop;1?q=a%20b', { 'next-action': '40aa', 'x-deployment-id': dpl(7) });
  assert.equal(answer.status, 200);
  assert.equal(answer.headers['x-action-redirect'], '/shop%3B1?q=a%20b;replace');
  assert.equal(answer.headers['x-nextjs-action-not-found'], undefined);
  assert.equal(answer.headers['content-type'], 'text/plain');
  assert.equal(answer.headers['cache-control'], 'no-store');
  assert.deepEqual(answer.headers['set-cookie'], ['a=b']);
  assert.equal((await post('/', { 'next-action': '40aa', 'x-deployment-id': 'own-1' })).headers['x-action-redirect'], '/;replace');
});

test('a form of an older page that was sent without JavaScript gets the page anew', async () => {
  const answer = await post('/form?x=1', { 'content-type': 'multipart/form-data; boundary=b' });
  assert.deepEqual([answer.status, answer.headers.location, answer.headers['x-nextjs-action-not-found']], [303, '/form?x=1', undefined]);
});

test('a tab of the deployment that answers is told the truth: it would load the same page for ever', async () => {
  for (const named of [dpl(1), 'own-2']) {
    const answer = await post('/', { 'next-action': '40aa', 'x-deployment-id': named });
    assert.deepEqual([answer.status, answer.headers['x-nextjs-action-not-found'], answer.headers['x-action-redirect']], [409, '1', undefined]);
  }
  assert.equal((await post('/', { 'next-action': '40aa' })).status, 409);
});

test('what is answered stays as it is', async () => {
  const answer = await post('/known', { 'next-action': '40aa', 'x-deployment-id': dpl(7) });
  assert.deepEqual([answer.status, answer.text, answer.headers['x-action-redirect']], [200, '0:"done"', undefined]);
  assert.equal((await bed.get('/')).status, 409);
});
