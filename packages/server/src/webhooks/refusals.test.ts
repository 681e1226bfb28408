import { connect } from 'node:net';
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { eventually } from '../fixtures/open-server.ts';
import { openHooks, push } from '../fixtures/webhooks.ts';

test('a wrong or missing signature is 401, an unknown project 404, bad JSON 400, a bad branch 422, and each is recorded', async (t) => {
  const { server, send, deliveries } = await openHooks(t);
  assert.equal((await send('push', push(), { secret: 'guess' })).status, 401);
  assert.equal((await send('push', push(), { headers: { 'x-hub-signature-256': '' } })).status, 401);
  assert.equal((await send('push', push(), { headers: { 'x-hub-signature-256': 'sha1=00' } })).status, 401);
  assert.equal((await send('push', undefined, { raw: '{"ref":' })).status, 400);
  assert.equal((await send('push', undefined, { raw: Buffer.from([0x7b, 0xff, 0x7d]) })).status, 400);
  assert.equal((await send('push', { ref: 1 })).status, 400);
  assert.equal((await send('push', push({ ref: 'refs/heads/--upload-pack=evil' }))).status, 422);
  assert.equal((await send('push', push({ after: '$(id)' }))).status, 422);
  const rejected = (await deliveries()).filter(({ state }) => state === 'rejected');
  assert.equal(rejected.length, 8);
  for (const delivery of rejected) assert.ok((delivery.reason ?? '').length > 10);
  for (const path of [
    '/webhooks/github/prj_00000000000000000000',
    '/webhooks/github/x',
    '/webhooks/svn/x',
    '/webhooks/__proto__/x',
    '/webhooks/',
  ])
    assert.equal((await fetch(server.url + path, { method: 'POST', body: '{}' })).status, 404, path);
  assert.ok(JSON.stringify(server.logged).includes('no known project'));
  const shown = await server.client.deliveries.list({ project: 'shop', state: 'rejected' });
  assert.ok(shown.ok && shown.value.items.length === 8);
  const replay = await server.client.deliveries.replay({ delivery: rejected[0]!.id });
  assert.ok(!replay.ok && replay.problem.code === 'not_ready');
});

test('refusals are bounded: few a minute, and only the newest are stored', async (t) => {
  const { send, deliveries } = await openHooks(t, { rejectedDeliveries: 10 });
  await Promise.all(Array.from({ length: 60 }, () => send('push', push(), { secret: 'guess' })));
  const count = (await deliveries()).length;
  assert.ok(count > 0 && count <= 20, String(count));
});

/** Sends a head and then bytes for as long as the other side reads them. Returns the response. */
function pour(
  port: number,
  head: string,
  chunk: Buffer,
  most: number,
): Promise<Readonly<{ response: string; sent: number }>> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const seen = { response: '', sent: 0 };
    const more = (): void => {
      while (seen.sent < most && seen.response === '' && !socket.destroyed) {
        seen.sent += chunk.length;
        if (!socket.write(chunk)) return void socket.once('drain', more);
      }
    };
    socket.on('connect', () => {
      socket.write(head);
      more();
    });
    socket.on('data', (data: Buffer) => {
      seen.response += data.toString('latin1');
    });
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(seen));
  });
}

test('a delivery above the limit is 413 as soon as that is known, announced or not, without reading on', async (t) => {
  const { server, project, deliveries } = await openHooks(t, { webhookBytes: 100_000 });
  const head = (more: string) =>
    `POST /webhooks/github/${project.id} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n${more}\r\n\r\n`;
  const announced = await pour(server.port, head('Content-Length: 300000000'), Buffer.alloc(0), 0);
  assert.match(announced.response, /^HTTP\/1\.1 413/);
  assert.match(announced.response, /connection: close/i);
  // clients that write before they read get to see the response too
  for (let i = 0; i < 5; i++)
    assert.equal(
      (
        await fetch(`${server.url}/webhooks/github/${project.id}`, {
          method: 'POST',
          body: Buffer.alloc(20_000_000, 32),
        })
      ).status,
      413,
    );
  const chunk = Buffer.concat([Buffer.from('8000\r\n'), Buffer.alloc(0x8000, 32), Buffer.from('\r\n')]);
  const chunked = await pour(server.port, head('Transfer-Encoding: chunked'), chunk, 300_000_000);
  assert.match(chunked.response, /^HTTP\/1\.1 413/);
  assert.ok(chunked.sent < 60_000_000, `${chunked.sent} bytes were taken`);
  const rejected = await eventually('both are recorded', async () => {
    const all = await deliveries();
    return all.length === 7 ? all : undefined;
  });
  assert.ok(rejected.every(({ state, reason }) => state === 'rejected' && /larger than/.test(reason ?? '')));
});

test('many large bodies at once get 429 rather than being held in memory', async (t) => {
  const { send, server } = await openHooks(t, { webhookMemoryBytes: 300_000 });
  const large = push({ pad: 'x'.repeat(200_000) });
  const responses = await Promise.all(
    Array.from({ length: 12 }, () => send('push', large).catch(() => ({ status: 0 }))),
  );
  assert.ok(
    responses.every(({ status }) => status === 202 || status === 429 || status === 0),
    JSON.stringify(responses.map(({ status }) => status)),
  );
  assert.equal((await send('push', large)).status, 202); // the budget is released
  void server;
});
