import { test } from 'node:test';
import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { eventually, startPlatform } from './platform.ts';

test('a server whose port was taken while it was away comes back when the port is free', { timeout: 120_000 }, async (t) => {
  const platform = await startPlatform();
  t.after(() => platform.stop());
  const squatter = createServer((socket) => socket.destroy());
  const pid = platform.pid('server')!;
  process.kill(pid, 'SIGKILL');
  await eventually(() => new Promise<boolean>((resolve) => {
    squatter.once('error', () => resolve(false));
    squatter.listen(platform.apiPort, '127.0.0.1', () => resolve(true));
  }), 5_000, () => 'the port is never free');
  await eventually(() => platform.output().includes('can not listen'), 30_000, () => `nobody says why:\n${platform.output()}`);
  await new Promise<void>((resolve) => squatter.close(() => resolve()));
  await eventually(async () => (await platform.api('GET', '/api/health')).status === 200, 30_000, () => `it does not come back:\n${platform.output()}`);
  assert.match(platform.output(), /Free the port/);
});
