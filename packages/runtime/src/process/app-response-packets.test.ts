import { strict as assert } from 'node:assert';
import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type RequestListener } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { test } from 'node:test';
import { AppResponse } from './app-response.ts';

/** Returns every packet of one response, as a socket reads them. */
async function packets(listener: RequestListener): Promise<readonly string[]> {
  const server = createServer<typeof IncomingMessage, typeof AppResponse>(
    { ServerResponse: AppResponse },
    listener,
  ).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const seen: string[] = [];
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1', () =>
    socket.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'),
  );
  socket.setEncoding('latin1').on('data', (text: string) => seen.push(text));
  await once(socket, 'close');
  server.close();
  return seen;
}

test('a head that is flushed before the first chunk leaves with it', async () => {
  const [first] = await packets((_, response) => {
    response.setHeader('x-early', 'yes');
    response.flushHeaders();
    assert.equal(response.headersSent, true);
    response.write('first');
    setImmediate(() => response.end('last'));
  });
  assert.match(first ?? '', /^HTTP\/1\.1 200 OK\r\n[^]*x-early: yes[^]*\r\n\r\n5\r\nfirst\r\n/i);
});

test('a stream that starts with silence sends its head at once', async () => {
  const server = createServer({ ServerResponse: AppResponse }, (_, response) => {
    response.statusCode = 202;
    response.flushHeaders();
    finish = () => response.end('late');
  }).listen(0, '127.0.0.1');
  let finish = (): unknown => undefined;
  await once(server, 'listening');
  const outgoing = request({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', agent: false }).end();
  // The response arrives before a byte of its body was written.
  const [result] = (await once(outgoing, 'response')) as [IncomingMessage];
  assert.equal(result.statusCode, 202);
  finish();
  let body = '';
  for await (const chunk of result) body += String(chunk);
  assert.equal(body, 'late');
  server.close();
});

test('flushing twice, or after the end, does no harm', async () => {
  const all = await packets((_, response) => {
    response.flushHeaders();
    response.flushHeaders();
    response.end('whole');
    response.flushHeaders();
  });
  assert.equal(all.join('').split('HTTP/1.1').length, 2);
  assert.match(all.join(''), /whole/);
});

test('the end of a document leaves with the end of the response, and waits for it one turn at most', async () => {
  for (const last of ['last</html>', Buffer.from('last</html>')]) {
    const held: number[] = [];
    const all = await packets((_, response) => {
      const { socket } = response;
      const ticks = (then: () => void): void => process.nextTick(() => process.nextTick(then));
      const waits = (): void => void held.push(socket?.writableLength ?? -1);
      response.write('first');
      ticks(() => {
        waits();
        response.write(last);
        ticks(() => {
          waits();
          setImmediate(() => {
            waits();
            response.write(last);
            ticks(() => {
              waits();
              response.end();
              waits();
            });
          });
        });
      });
    });
    assert.ok(all.join('').endsWith('5\r\nfirst\r\nb\r\nlast</html>\r\nb\r\nlast</html>\r\n0\r\n\r\n'), all.join('|'));
    assert.deepEqual(
      held.map((bytes) => bytes > 0),
      [false, true, false, true, false],
    );
  }
});
