import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dpl, TestBed } from '../test-bed.ts';

/** What a project lets its functions take, on both ways: the edge's own reader, and node:http. */
async function each(run: (bed: TestBed, way: string) => Promise<void>, settings: ConstructorParameters<typeof TestBed>[0] = {}): Promise<void> {
  for (const ownReader of [true, false]) {
    const bed = await new TestBed({ ...settings, ownReader }).start();
    try {
      await run(bed, ownReader ? 'own reader' : 'node:http');
    } finally {
      await bed.stop();
    }
  }
}

test("a request over its project's limit is answered 504, which says what the limit is and how it is raised", { timeout: 20_000 }, async () => {
  await each(async (bed, way) => {
    let asked = 0;
    let gone = 0;
    for (const [n, host] of [[1, 'app.localhost'], [2, 'slow.localhost']] as const) {
      bed.functions.timeoutMs = n === 1 ? 300 : 30_000;
      bed.route(host, dpl(n), bed.artifact({ function: true }));
      const server = await bed.serve(dpl(n), (req, res) => {
        asked++;
        res.on('close', () => gone++);
        if (req.url === '/soon') res.end('soon');
        else setTimeout(() => res.end('late'), 1_200);
      });
      server.on('upgrade', (_, socket) => socket.on('error', () => undefined));
      assert.equal((await bed.get('/soon', { host })).text, 'soon');
    }
    asked = gone = 0;
    for (const ask of [{}, { method: 'POST', body: 'x' }, { method: 'PUT', body: 'x' }]) {
      const reply = await bed.get('/', { ...ask, headers: { accept: 'application/json' } });
      assert.equal(reply.status, 504, way);
      const problem = JSON.parse(reply.text);
      assert.equal(problem.code, 'function_timeout');
      assert.match(problem.detail, /within 0\.3 seconds/);
      assert.match(problem.fix, /anchor projects update --timeout/);
    }
    const socket = await bed.raw('GET /ws HTTP/1.1\r\nhost: app.localhost\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n');
    assert.match(socket, /^HTTP\/1\.1 504 [^]*within 0\.3 seconds/, way);
    assert.equal(asked, 3, 'what was over the limit is not asked for again');
    assert.equal((await bed.get('/', { host: 'slow.localhost' })).text, 'late', `${way}: another project has its own limit`);
  });
});

test('a limit that is longer than connections may otherwise stand still holds', { timeout: 20_000 }, async () => {
  await each(async (bed, way) => {
    bed.site({ function: true, builtAt: Date.now(), prerenders: { '/shell': bed.page('<html>', { partial: true, postponed: bed.put('{state}') }) } });
    await bed.serve(dpl(1), (req, res) => void req.resume().on('end', () => setTimeout(() => res.end('late'), 2_500)));
    const [page, form, parts] = await Promise.all([bed.get('/'), bed.get('/', { method: 'POST', body: 'x' }), bed.get('/shell')]);
    assert.deepEqual([page.text, form.text, parts.text], ['late', 'late', '<html>late'], way);
  }, { idleMs: 300, startMs: 200, headersMs: 200 });
});

test('what follows a shell may be as silent as any other answer once it has begun, and must begin as soon', { timeout: 20_000 }, async () => {
  await each(async (bed, way) => {
    bed.site({ function: true, builtAt: Date.now(), prerenders: { '/shell': bed.page('<html>', { partial: true, postponed: bed.put('{state}') }) } });
    let asked = 0;
    let how = 'pause';
    await bed.serve(dpl(1), (_, res) => {
      asked++;
      if (how === 'never') return;
      res.write('first ');
      if (how === 'pause') setTimeout(() => res.end('second'), 900);
    });
    assert.equal((await bed.get('/shell')).text, '<html>first second', `${way}: silent for longer than its first byte may take`);
    how = 'silent';
    await assert.rejects(bed.get('/shell'), `${way}: but not for ever`);
    how = 'never';
    asked = 0;
    const begun = performance.now();
    await assert.rejects(bed.get('/shell'));
    assert.ok(performance.now() - begun < 1_400, `${way}: ended by the limit, not by the silence`);
    assert.equal(asked, 1);
  }, { timeoutMs: 300, idleMs: 1_500 });
});
