import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { anchorError } from '@anchor/core/result/result.ts';
import { TestBed } from '../testing/test-bed.ts';

const bed = new TestBed({ startMs: 5_000 });
before(() => bed.start());
after(() => bed.stop());

const ways = { relay: {}, proxy: { headers: { expect: '100-continue' } } } as const;
for (const [way, how] of Object.entries(ways)) {
  test(`${way}: a request whose instance crashes is retried on another one, and does not crash all of them`, async () => {
    let received = 0;
    const dies = (req: { socket: { destroy(): unknown } }): void => {
      received++;
      req.socket.destroy();
    };
    const one = await bed.deployment((req) => dies(req));
    await bed.serve(one.id, (_, res) => res.end('another'));
    for (let i = 0; i < 4; i++) assert.equal((await bed.get('/', { ...how, host: one.host })).text, 'another');
    received = 0;
    const all = await bed.deployment((req) => dies(req));
    for (let i = 0; i < 3; i++) await bed.serve(all.id, (req) => dies(req));
    assert.equal((await bed.get('/', { ...how, host: all.host })).status, 502);
    assert.equal(received, 2);
  });
}

test('while all instances are gone requests wait for the next one, as long as it is allowed to start', async () => {
  const { id, host, server } = await bed.deployment((_, res) => void res.end('first'));
  assert.equal((await bed.get('/', { host })).text, 'first');
  server.close();
  server.closeAllConnections();
  bed.functions.starting = () => new Promise((resolve) => setTimeout(resolve, 300)); // the host's pause after a crash
  bed.functions.upstreams.delete(id);
  await bed.serve(id, (_, res) => void res.end('second'));
  const replies = await Promise.all(Array.from({ length: 20 }, () => bed.get('/', { host })));
  bed.functions.starting = () => Promise.resolve();
  assert.ok(replies.every(({ text }) => text === 'second'));
  bed.functions.error = anchorError('function_start_failed', 'The function ended while starting', 'Read the log.');
  const other = await bed.deployment((_, res) => void res.end());
  assert.equal((await bed.get('/', { host: other.host })).status, 503);
  bed.functions.error = undefined;
});
