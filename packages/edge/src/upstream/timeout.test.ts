import assert from 'node:assert/strict';
import { request } from 'node:http';
import { test } from 'node:test';
import { dpl, TestBed } from '../testing/test-bed.ts';

/** A project's time limit, on both paths: the edge's own reader, and node:http. */
async function each(
  run: (bed: TestBed, way: string) => Promise<void>,
  settings: ConstructorParameters<typeof TestBed>[0] = {},
): Promise<void> {
  for (const http1FastPath of [true, false]) {
    const bed = await new TestBed({ ...settings, http1FastPath }).start();
    try {
      await run(bed, http1FastPath ? 'own reader' : 'node:http');
    } finally {
      await bed.stop();
    }
  }
}

test(
  "a request over its project's limit gets 504, which names the limit and how to raise it",
  { timeout: 20_000 },
  async () => {
    await each(async (bed, way) => {
      let requests = 0;
      let gone = 0;
      for (const [n, host] of [
        [1, 'app.localhost'],
        [2, 'slow.localhost'],
      ] as const) {
        bed.functions.timeoutMs = n === 1 ? 300 : 30_000;
        bed.route(host, dpl(n), bed.artifact({ function: true }));
        const server = await bed.serve(dpl(n), (req, res) => {
          requests++;
          res.on('close', () => gone++);
          if (req.url === '/soon') res.end('soon');
          else setTimeout(() => res.end('late'), 1_200);
        });
        server.on('upgrade', (_, socket) => socket.on('error', () => undefined));
        assert.equal((await bed.get('/soon', { host })).text, 'soon');
      }
      requests = gone = 0;
      for (const options of [{}, { method: 'POST', body: 'x' }, { method: 'PUT', body: 'x' }]) {
        const reply = await bed.get('/', { ...options, headers: { accept: 'application/json' } });
        assert.equal(reply.status, 504, way);
        const problem = JSON.parse(reply.text);
        assert.equal(problem.code, 'function_timeout');
        assert.match(problem.detail, /within 0\.3 seconds/);
        assert.match(bed.notes[0]?.text ?? '', /anchor projects update --timeout/);
      }
      const socket = await bed.raw(
        'GET /ws HTTP/1.1\r\nhost: app.localhost\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n',
      );
      assert.match(socket, /^HTTP\/1\.1 504 [^]*within 0\.3 seconds/, way);
      assert.equal(requests, 3, 'a request over the limit is not retried');
      assert.equal(
        (await bed.get('/', { host: 'slow.localhost' })).text,
        'late',
        `${way}: another project has its own limit`,
      );
    });
  },
);

test(
  "what a visitor takes to send is not the function's time: the limit runs from the end of the body on, or while the function takes no more",
  { timeout: 20_000 },
  async () => {
    await each(
      async (bed, way) => {
        bed.site({ function: true });
        await bed.serve(dpl(1), (req, res) => {
          if (req.url === '/deaf') return;
          let length = 0;
          req.on('data', (chunk: Buffer) => {
            length += chunk.length;
          });
          req.on('end', () => {
            if (req.url !== '/hang') res.end(`got ${length}`);
          });
        });
        const sizes = [1_000, 200_000];
        const [slow, hang] = await Promise.all(
          ['/slow', '/hang'].map((path) => Promise.all(sizes.map((size) => upload(bed, path, size, 900)))),
        );
        assert.deepEqual(
          slow,
          sizes.map((size) => [200, `got ${size}`]),
          way,
        );
        for (const [status, text] of hang ?? []) {
          assert.equal(status, 504, way);
          assert.match(text, /within 0\.4 seconds/);
        }
        assert.equal((await upload(bed, '/deaf', 16_000_000, 0))[0], 504, way);
        const [status, text] = await upload(bed, '/slow', 200_000, undefined);
        assert.equal(status, 408, `${way}: a client that stops sending`);
        assert.equal(JSON.parse(text).code, 'request_timeout');
      },
      { timeoutMs: 400, idleMs: 1_500, startMs: 300, bufferedBodyTimeoutMs: 200 },
    );
  },
);

/** Sends half of a body, and the other half after the pause, if there is one. */
function upload(
  bed: TestBed,
  path: string,
  size: number,
  pauseMs: number | undefined,
): Promise<[number | undefined, string]> {
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        host: '127.0.0.1',
        port: bed.port,
        path,
        method: 'POST',
        agent: false,
        headers: { host: 'app.localhost', accept: 'application/json', 'content-length': String(size) },
      },
      (response) => {
        let text = '';
        response.on('data', (chunk: Buffer) => {
          text += chunk.toString();
        });
        response.on('error', reject);
        response.on('end', () => {
          sent.destroy();
          resolve([response.statusCode, text]);
        });
      },
    );
    sent.on('error', reject);
    sent.write(Buffer.alloc(size / 2));
    if (pauseMs !== undefined) setTimeout(() => sent.end(Buffer.alloc(size / 2)), pauseMs);
  });
}

test('a limit that is longer than connections may otherwise stand still holds', { timeout: 20_000 }, async () => {
  await each(
    async (bed, way) => {
      bed.site({
        function: true,
        builtAt: Date.now(),
        prerenders: { '/shell': bed.page('<html>', { partial: true, postponed: bed.put('{state}') }) },
      });
      await bed.serve(
        dpl(1),
        (req, res) => void req.resume().on('end', () => setTimeout(() => res.end('late'), 2_500)),
      );
      const [page, form, parts] = await Promise.all([
        bed.get('/'),
        bed.get('/', { method: 'POST', body: 'x' }),
        bed.get('/shell'),
      ]);
      assert.deepEqual([page.text, form.text, parts.text], ['late', 'late', '<html>late'], way);
    },
    { idleMs: 300, startMs: 200, headersMs: 200 },
  );
});

test(
  "what follows a shell has the project's limit until its first byte, and the idle time after that",
  { timeout: 60_000 },
  async () => {
    await each(
      async (bed, way) => {
        bed.site({
          function: true,
          builtAt: Date.now(),
          prerenders: { '/shell': bed.page('<html>', { partial: true, postponed: bed.put('{state}') }) },
        });
        let requests = 0;
        let how = 'pause';
        await bed.serve(dpl(1), (_, res) => {
          requests++;
          if (how === 'never') return;
          res.write('first ');
          if (how === 'pause') setTimeout(() => res.end('second'), 900);
        });
        assert.equal(
          (await bed.get('/shell')).text,
          '<html>first second',
          `${way}: silent for longer than its first byte may take`,
        );
        how = 'silent';
        await assert.rejects(bed.get('/shell'), `${way}: but not for ever`);
        how = 'never';
        requests = 0;
        const startedAt = performance.now();
        await assert.rejects(bed.get('/shell'));
        assert.ok(performance.now() - startedAt < 3_500, `${way}: ended by the limit, not by the silence`);
        assert.equal(requests, 1);
      },
      { timeoutMs: 300, idleMs: 4_000 },
    );
  },
);
