import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { dpl, TestBed } from '../testing/test-bed.ts';

const bed = new TestBed({ idleMs: 300, silentMs: 5_000 });
before(async () => {
  await bed.start();
  for (const n of [1, 2]) {
    const server = await bed.serve(dpl(n), (req, res) => {
      if (req.url === '/events') {
        res.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
        return void setTimeout(() => res.end('data: late\n\n'), 1_500);
      }
      res.end(`${req.url} ${req.headers.cookie?.length ?? 0}`);
    });
    server.on('upgrade', (req, socket) =>
      socket.end(`HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\nx-path: ${req.url}\r\n\r\nno`),
    );
  }
  bed.route('app.localhost', dpl(1), bed.artifact({ framework: { name: 'node' }, function: 'server' }));
  bed.route('next.localhost', dpl(2), bed.artifact({ function: true }));
  bed.route(
    'spa.localhost',
    dpl(3),
    bed.artifact({ framework: { name: 'spa' }, fallback: '/index.html', files: { '/index.html': bed.file('shell') } }),
  );
});
after(() => bed.stop());

const ways = [{}, { connection: 'close' }];

test('repeated slashes within a path reach a server as they came; Next.js and files have one spelling', async () => {
  for (const headers of ways) {
    assert.equal(
      (await bed.get('/img/https://cdn.example//a.png?u=//b', { headers })).text.split(' ')[0],
      '/img/https://cdn.example//a.png?u=//b',
    );
    const posted = await bed.get('/a//b', { method: 'POST', body: 'x'.repeat(100_000), headers });
    assert.equal(posted.text.split(' ')[0], '/a//b');
    for (const host of ['next.localhost', 'spa.localhost']) {
      const moved = await bed.get('/a//b///?x=1', { host, headers });
      assert.deepEqual([moved.status, moved.headers.location], [308, '/a/b/?x=1']);
    }
    assert.equal((await bed.get('//evil.example/x', { headers })).headers.location, '/evil.example/x');
  }
  assert.match(
    await bed.raw('GET /ws//a HTTP/1.1\r\nhost: app.localhost\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n'),
    /x-path: \/ws\/\/a/,
  );
});

test('a route with a dot gets the page when a browser goes there, a missing file is 404', async () => {
  const get = (path: string, headers: Record<string, string>) => bed.get(path, { host: 'spa.localhost', headers });
  const page = await get('/users/ada.lovelace', {
    accept: 'text/html,application/xhtml+xml,*/*;q=0.8',
    'sec-fetch-mode': 'navigate',
  });
  assert.deepEqual([page.status, page.text, page.headers.vary], [200, 'shell', 'accept, sec-fetch-mode']);
  assert.equal((await get('/v1.2/notes', {})).text, 'shell', 'a dot in a folder never was one of a file');
  assert.equal((await get('/users/ada.lovelace', { accept: 'text/html' })).text, 'shell', 'an older browser');
  for (const headers of [
    {},
    { accept: '*/*' },
    { accept: 'text/html', 'sec-fetch-mode': 'no-cors' },
    { accept: '*/*', 'sec-fetch-mode': 'cors' },
  ])
    assert.equal((await get('/assets/gone.js', headers)).status, 404);
});

test('cookies of 32 KB reach the function, and larger ones get a page that explains it', async () => {
  const cookie = `a=${'x'.repeat(33_000)}`;
  for (const headers of ways)
    assert.equal((await bed.get('/', { headers: { cookie, ...headers } })).text, `/ ${cookie.length}`);
  const refused = await bed.get('/', { headers: { cookie: `a=${'x'.repeat(70_000)}` } });
  assert.equal(refused.status, 431);
  assert.match(refused.text, /Delete the cookies of this site/);
});

test('an event stream may be silent for longer than a client may stand still', async () => {
  for (const headers of ways) assert.equal((await bed.get('/events', { headers })).text, 'data: late\n\n');
  assert.equal((await bed.get('/events', { method: 'POST', body: 'x'.repeat(100_000) })).text, 'data: late\n\n');
});
