import { test } from 'node:test';
import assert from 'node:assert/strict';
import { openServer } from './fixtures/open-server.ts';

test('the server responds to a health check without a token, and to nothing else', async (t) => {
  const { url } = await openServer(t);
  const health = await fetch(`${url}/api/health`);
  assert.equal(health.status, 200);
  assert.deepEqual(await health.json(), { status: 'ok', version: '0.1.0' });
  assert.equal(health.headers.get('x-content-type-options'), 'nosniff');
  assert.equal(health.headers.get('access-control-allow-origin'), null);
  const refused = await fetch(`${url}/api/status`);
  assert.equal(refused.status, 401);
  assert.equal(refused.headers.get('content-type'), 'application/problem+json');
  assert.match(refused.headers.get('www-authenticate') ?? '', /^Bearer/);
});
