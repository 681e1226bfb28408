import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually, openServer } from '../fixtures/open-server.ts';
import type { AccessLine } from './access.ts';

test('each request writes a line with its token, and no secret of its address', async (t) => {
  const lines: AccessLine[] = [];
  const { url, admin, project, ports } = await openServer(t, { access: (line) => lines.push(line) });
  const shop = await project('shop');
  const find = (path: string) => eventually(path, () => lines.find((line) => line.path === path));
  await (
    await fetch(`${url}/api/projects?cursor=1`, { headers: { authorization: `Bearer ${admin}`, 'user-agent': 'me/1' } })
  ).text();
  const listed = await find('/api/projects');
  const {
    items: [token],
  } = await ports.tokens.list({ limit: 1 });
  assert.deepEqual(
    { ...listed, at: 0, ms: 0 },
    {
      at: 0,
      ms: 0,
      method: 'GET',
      path: '/api/projects',
      status: 200,
      ip: '127.0.0.1',
      tokenId: token?.id,
      userAgent: 'me/1',
    },
  );
  await (await fetch(`${url}/api/status`)).text();
  const refused = await find('/api/status');
  assert.deepEqual([refused.status, refused.tokenId], [401, undefined]);
  await (await fetch(`${url}/hooks/${shop.project.id}/the-secret?branch=main`, { method: 'POST' })).text();
  assert.equal((await find(`/hooks/${shop.project.id}`)).method, 'POST');
  assert.doesNotMatch(JSON.stringify(lines), /the-secret|cursor|anc_/);
});
