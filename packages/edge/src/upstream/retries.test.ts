import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { DeploymentId } from '@anchor/core/names/id.ts';
import { TestBed } from '../testing/test-bed.ts';

/** Requests while instances, or the host with all of them, are killed. */
const bed = new TestBed({ startMs: 5_000 });
before(() => bed.start());
after(() => bed.stop());

const ways = { relay: {}, proxy: { headers: { expect: '100-continue' } } } as const;
const webSocket = (host: string): Promise<string> =>
  bed.raw(`GET /ws HTTP/1.1\r\nhost: ${host}\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n`, {
    until: /\r\n\r\n/,
  });

/** Instances whose process was killed: nothing listens, but the host still names them. */
function nameDead(id: DeploymentId, count: number): void {
  bed.functions.upstreams.delete(id);
  for (let i = 0; i < count; i++)
    bed.functions.name(id, { kind: 'unix', path: join(bed.directory, `dead-${id}-${i}.sock`), instance: `dead-${i}` });
}

/** The host notices their end at the `nth` question from now on, and starts another instance. */
function noticeAt(nth: number, id: DeploymentId, text: string): void {
  let received = 0;
  bed.functions.starting = async () => {
    if (++received !== nth) return;
    bed.functions.upstreams.delete(id);
    const server = await bed.serve(id, (_, res) => void res.end(text));
    server.on('upgrade', (_, socket) =>
      socket.end('HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n'),
    );
  };
}

for (const [way, how] of Object.entries(ways)) {
  test(`${way}: however many instances are gone, and however late the host notices, a request reaches the next one`, async () => {
    for (const request of [{}, { method: 'POST', body: 'delivered to none of them' }]) {
      const { id, host } = await bed.deployment((_, res) => void res.end());
      nameDead(id, 5);
      noticeAt(4, id, 'alive');
      assert.equal((await bed.get('/', { ...how, ...request, host })).text, 'alive');
      bed.functions.starting = () => Promise.resolve();
    }
  });

  test(`${way}: a request that was in a killed process waits for what the host names next, not for others that die as well`, async () => {
    let inside = 0;
    const dies = (req: { socket: { destroy(): unknown } }): void => {
      inside++;
      req.socket.destroy();
    };
    const { id, host } = await bed.deployment(dies);
    for (let i = 0; i < 3; i++) await bed.serve(id, dies);
    noticeAt(2, id, 'the host is back');
    assert.equal((await bed.get('/', { ...how, host })).text, 'the host is back');
    assert.equal(inside, 1);
    bed.functions.starting = () => Promise.resolve();
  });

  test(`${way}: a request that may not be sent twice is not, once its instance has it`, async () => {
    let inside = 0;
    const { id, host } = await bed.deployment((req) => {
      inside++;
      req.socket.destroy();
    });
    await bed.serve(id, (_, res) => void res.end('twice'));
    const statuses = await Promise.all(
      Array.from({ length: 4 }, () => bed.get('/', { ...how, host, method: 'POST', body: 'once' })),
    );
    assert.equal(statuses.filter(({ status }) => status === 502).length, inside);
    assert.ok(inside > 0);
  });
}

test('an instance that refuses for good is given up with 502', async () => {
  const { id, host } = await bed.deployment((_, res) => void res.end());
  nameDead(id, 1);
  assert.equal((await bed.get('/', { host })).status, 502);
});

test('a WebSocket finds the next instance, too: after one that is gone, and after one that ends with it', async () => {
  for (const dying of [false, true]) {
    const { id, host } = await bed.deployment((_, res) => void res.end());
    nameDead(id, 5);
    if (dying) (await bed.serve(id, (_, res) => void res.end())).on('upgrade', (_, socket) => socket.destroy());
    noticeAt(3, id, 'alive');
    assert.match(await webSocket(host), /^HTTP\/1\.1 101 /);
    bed.functions.starting = () => Promise.resolve();
  }
});
