import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { dpl, eventually, TestBed } from '../../testing/test-bed.ts';

const MB = 1024 * 1024;
const requestText = (path: string, more = ''): string => `GET ${path} HTTP/1.1\r\nhost: app.localhost\r\n${more}\r\n`;

function collected(socket: Socket): () => string {
  let got = '';
  socket.on('data', (chunk: Buffer) => {
    got += chunk.toString('latin1');
  });
  socket.on('error', () => undefined);
  return () => got;
}

test('a client that sends requests without end and reads nothing is paused, and others are served', async () => {
  const bed = await new TestBed({ idleMs: 60_000 }).start();
  try {
    bed.site({ function: true, files: { '/big.bin': bed.file(Buffer.alloc(200_000, 'b')), '/a.txt': bed.file('a') } });
    await bed.serve(dpl(1), (_req, res) => void res.end(Buffer.alloc(200_000, 'f')));
    for (const path of ['/big.bin', '/dynamic']) {
      await bed.get(path);
      const before = process.memoryUsage().rss;
      const greedy = connect(bed.port, '127.0.0.1');
      greedy.on('error', () => undefined);
      greedy.pause();
      const requests = requestText(path).repeat(2000);
      while (greedy.writableLength < 8 * MB) greedy.write(requests);
      // Until nothing moves any more: what is left over must be nearly all.
      let last = -1;
      while (last !== greedy.writableLength) {
        last = greedy.writableLength;
        for (let i = 0; i < 20; i++) assert.equal((await bed.get('/a.txt')).text, 'a');
      }
      assert.ok(greedy.writableLength > 1 * MB, `${path}: ${greedy.writableLength} bytes were not taken`);
      assert.ok(
        process.memoryUsage().rss - before < 64 * MB,
        `${path}: ${(process.memoryUsage().rss - before) / MB} MB`,
      );
      greedy.destroy();
      await once(greedy, 'close');
    }
    await eventually(() => bed.log.at(-1) !== undefined);
    assert.equal((await bed.get('/dynamic')).body.length, 200_000);
  } finally {
    await bed.stop();
  }
});

test('a client that reads late gets everything, in order', async () => {
  const bed = await new TestBed().start();
  try {
    bed.site({ function: true, files: { '/big.bin': bed.file(Buffer.alloc(300_000, 'b')), '/a.txt': bed.file('a') } });
    await bed.serve(dpl(1), (req, res) => {
      res.write('f'.repeat(100_000));
      res.end(req.url);
    });
    const socket = connect(bed.port, '127.0.0.1');
    socket.pause();
    for (let i = 0; i < 30; i++) socket.write(requestText('/big.bin') + requestText(`/n${i}`) + requestText('/a.txt'));
    socket.write(requestText('/a.txt', 'connection: close\r\n'));
    await eventually(() => bed.log.length > 3);
    const got = collected(socket);
    socket.resume();
    await once(socket, 'close');
    assert.deepEqual([...got().matchAll(/HTTP\/1\.1 200 OK/g)].length, 91);
    assert.deepEqual(
      [...got().matchAll(/\/n(\d+)\r\n/g)].map((match) => Number(match[1])),
      Array.from({ length: 30 }, (_, i) => i),
    );
  } finally {
    await bed.stop();
  }
});

test('a connection changes hands in the middle: plain requests, a form, plain requests', async () => {
  const bed = await new TestBed().start();
  try {
    bed.site({ function: true, files: { '/a.txt': bed.file('static') } });
    await bed.serve(dpl(1), (req, res) => {
      let size = 0;
      req.on('data', (chunk: Buffer) => {
        size += chunk.length;
      });
      req.on('end', () => res.end(`${req.method} ${req.url} ${size}`));
    });
    const socket = connect(bed.port, '127.0.0.1');
    const got = collected(socket);
    const body = 'x'.repeat(200_000);
    socket.write(
      requestText('/a.txt') +
        requestText('/one') +
        `POST /form HTTP/1.1\r\nhost: app.localhost\r\ncontent-length: ${body.length}\r\n\r\n${body}` +
        requestText('/two') +
        requestText('/a.txt', 'connection: close\r\n'),
    );
    await once(socket, 'close');
    assert.deepEqual([...got().matchAll(/static|(?:GET|POST) \/\w+ \d+/g)].map(String), [
      'static',
      'GET /one 0',
      'POST /form 200000',
      'GET /two 0',
      'static',
    ]);
    assert.equal(bed.log.length, 5);
  } finally {
    await bed.stop();
  }
});

test('a head may come byte by byte, but not for ever; an idle connection is closed without a word', async () => {
  const bed = await new TestBed({ headersMs: 400, keepAliveMs: 300 }).start();
  try {
    bed.site({ files: { '/a.txt': bed.file('static') } });
    const slow = connect({ port: bed.port, host: '127.0.0.1', noDelay: true });
    const got = collected(slow);
    for (const letter of requestText('/a.txt'))
      await new Promise<void>((sent) => slow.write(letter, () => setImmediate(sent)));
    await eventually(() => got().endsWith('static'));
    await once(slow, 'close');
    assert.equal(got().match(/HTTP\/1\.1/g)?.length, 1, 'closed without a word');
    const never = connect(bed.port, '127.0.0.1');
    const response = collected(never);
    never.write(`${requestText('/a.txt')}GET /a.t`);
    await once(never, 'close');
    assert.match(response(), /static[^]*HTTP\/1\.1 408 /);
    const silent = connect(bed.port, '127.0.0.1');
    const nothing = collected(silent);
    await once(silent, 'close');
    assert.match(nothing(), /^HTTP\/1\.1 408 /);
  } finally {
    await bed.stop();
  }
});

test('no request is lost when a worker closes, static or not', async () => {
  const bed = await new TestBed({ shutdownLingerMs: 300 }).start();
  try {
    bed.site({ function: true, files: { '/a.txt': bed.file('static') } });
    await bed.serve(dpl(1), (_req, res) => void setImmediate(() => res.end('dynamic')));
    let responses = 0;
    let lost = 0;
    const client = async (path: string): Promise<void> => {
      const socket = connect(bed.port, '127.0.0.1');
      socket.on('error', () => undefined);
      let got = '';
      let wake = (): void => undefined;
      socket.on('data', (chunk: Buffer) => {
        got += chunk.toString('latin1');
        wake();
      });
      socket.on('close', () => wake());
      await once(socket, 'connect');
      while (!socket.destroyed) {
        got = '';
        socket.write(requestText(path));
        while (!socket.destroyed && !/static$|dynamic(?:\r\n0\r\n\r\n)?$/.test(got))
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        if (!/static$|dynamic(?:\r\n0\r\n\r\n)?$/.test(got)) lost++;
        else responses++;
        if (/\r\nconnection: close/i.test(got)) break;
      }
      socket.destroy();
    };
    const clients = Array.from({ length: 20 }, (_, i) => client(i % 2 === 0 ? '/a.txt' : '/dynamic'));
    await eventually(() => bed.log.length > 200);
    await bed.edge.close(5000);
    await Promise.all(clients);
    assert.ok(responses > 200);
    assert.equal(lost, 0);
  } finally {
    await bed.stop();
  }
});

test('a client that disconnects before its response aborts the request at the function', async () => {
  const bed = await new TestBed().start();
  try {
    bed.site({ function: true });
    let gone = 0;
    let started = 0;
    await bed.serve(dpl(1), (req, res) => {
      started++;
      res.on('close', () => {
        gone++;
      });
      if (req.url === '/stream') res.write('first');
    });
    for (const path of ['/silent', '/stream']) {
      for (const leave of ['end', 'destroy'] as const) {
        const before = gone;
        const received = started;
        const socket = connect(bed.port, '127.0.0.1');
        socket.on('error', () => undefined);
        socket.write(requestText(path));
        if (path === '/stream') await once(socket, 'data');
        else await eventually(() => started > received);
        socket[leave]();
        await eventually(() => gone > before);
        socket.destroy();
      }
    }
  } finally {
    await bed.stop();
  }
});

test('a client that leaves while its function starts, or its site is read, leaves nothing behind', async () => {
  const bed = await new TestBed().start();
  try {
    let received = 0;
    await bed.serve(dpl(1), (_req, res) => {
      received++;
      res.end('ok');
    });
    let started = (): void => undefined;
    bed.functions.starting = () =>
      new Promise((resolve) => {
        started = resolve;
      });
    for (let i = 0; i < 2; i++) {
      // A new artifact each time: it is not parsed yet.
      bed.site({ function: true, files: { [`/${i}.txt`]: bed.file('x') } });
      const socket = connect(bed.port, '127.0.0.1');
      socket.on('error', () => undefined);
      await new Promise<void>((resolve) => socket.write(requestText('/dynamic'), () => resolve()));
      if (i === 0) await eventually(() => bed.functions.acquired > 0);
      socket.destroy();
      await eventually(() => bed.log.length === i + 1);
      // The second may just have been completed.
      assert.ok(bed.log[i]?.status === 499 || (i === 1 && bed.log[i]?.status === 200), String(bed.log[i]?.status));
      started();
      bed.functions.starting = () => Promise.resolve();
    }
    assert.equal((await bed.get('/dynamic')).text, 'ok');
    assert.ok(received <= 2, `${received} requests`);
  } finally {
    await bed.stop();
  }
});
