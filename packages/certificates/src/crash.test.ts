import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { temporaryDirectory } from '@anchor/testing/temporary.ts';
import type { ChildSettings } from './fixtures/crash-settings.ts';
import { withPebble, World } from './fixtures/world.ts';

const world = (await World.start({ retryAfterSeconds: 0 }))!;

/** Passes calls of the child on to the edge of this process. */
const edgeServer = createServer(async (request, response) => {
  let body = '';
  for await (const chunk of request) body += String(chunk);
  const { method, values } = JSON.parse(body) as { method: 'published'; values: [] };
  response.end(JSON.stringify((await world.edge[method](...values)) ?? null));
});
await new Promise<void>((resolve) => edgeServer.listen(0, '127.0.0.1', resolve));
const edgeUrl = `http://127.0.0.1:${(edgeServer.address() as AddressInfo).port}`;
after(() => {
  edgeServer.closeAllConnections();
  edgeServer.close();
});

type Outcome = Readonly<{ signal: string | null; result?: { writes: number; fingerprint?: string; failed?: unknown } }>;

async function runChild(settings: Omit<ChildSettings, 'directoryUrl' | 'trustedPem' | 'edgeUrl'>): Promise<Outcome> {
  const { directoryUrl, trustedPem } = world.pebble;
  const file = fileURLToPath(import.meta.resolve('./fixtures/one-order.ts'));
  const whole = JSON.stringify({ ...settings, directoryUrl, trustedPem, edgeUrl });
  const child = spawn(process.execPath, [file, whole], { stdio: ['ignore', 'pipe', 'inherit'], timeout: 60_000 });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const [, signal] = (await once(child, 'close')) as [number | null, string | null];
  return { signal, ...(output === '' ? {} : { result: JSON.parse(output) as NonNullable<Outcome['result']> }) };
}

/** Kills the order at one write and continues it. Returns false when there is no such write. */
async function killedAt(killAt: number, killAfter: boolean): Promise<boolean> {
  const directory = await temporaryDirectory();
  const names = [`k${killAt}${killAfter ? 'after' : 'before'}.example.com`];
  const before = world.pebble.counts;
  try {
    const killed = await runChild({ directory: directory.path, names, killAt, killAfter });
    if (killed.signal === null) return false;
    const { result } = await runChild({ directory: directory.path, names, killAt: 0, killAfter });
    const at = `${killAfter ? 'after' : 'before'} write ${killAt}`;
    assert.ok(result?.fingerprint !== undefined, `${at}: ${JSON.stringify(result?.failed)}`);
    assert.equal(world.pebble.counts.orders - before.orders, 1, `orders of a process killed ${at}`);
    assert.equal(world.pebble.counts.issued - before.issued, 1, `certificates of a process killed ${at}`);
    assert.equal(world.edge.texts.size, 0, `challenges left by a process killed ${at}`);
    const published = [...world.edge.certificates.values()].filter((each) => each.names[0] === names[0]);
    assert.equal(published.length, 1, at);
    return true;
  } finally {
    await directory.remove();
  }
}

test('an order whose process is killed at any moment ends once, with one order', withPebble, async () => {
  let moments = 0;
  for (let write = 1; write < 100; write++) {
    const [before, afterwards] = [await killedAt(write, false), await killedAt(write, true)];
    if (!before && !afterwards) break;
    moments += Number(before) + Number(afterwards);
  }
  assert.ok(moments >= 14, `${moments} moments`);
});
