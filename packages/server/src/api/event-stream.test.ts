import { test } from 'node:test';
import assert from 'node:assert/strict';
import { moveDeployment } from '@anchor/core/deployments/update.ts';
import { requestDeployment } from '@anchor/core/deployments/request.ts';
import { PRODUCTION, type BranchName, type CommitSha } from '@anchor/core/names/name.ts';
import { eventually, must, openServer } from '../fixtures/open-server.ts';

test('a build log is followed as events to its end, and taken up again without loss or repetition after the connection broke', async (t) => {
  const server = await openServer(t, { limits: { heartbeatMs: 50 } });
  const { project } = await server.project('shop');
  const { ports } = server;
  const { deployment } = must(
    await requestDeployment(ports)({
      project,
      environment: PRODUCTION,
      source: { kind: 'git', commit: 'd'.repeat(40) as CommitSha, branch: 'main' as BranchName },
    }),
  );
  let connections = 0;
  const { createClient } = await import('@anchor/client/http/client.ts');
  const client = createClient({
    baseUrl: server.url,
    token: server.admin,
    fetch: async (url, init) => {
      connections += 1;
      const response = await fetch(url, init);
      if (connections > 2 || response.body === null) return response;
      // the first two connections break in the middle
      let left = 300;
      return new Response(
        response.body.pipeThrough(
          new TransformStream({
            transform: (chunk: Uint8Array, controller) => {
              left -= chunk.length;
              controller.enqueue(chunk);
              if (left < 0) controller.error(new Error('broken'));
            },
          }),
        ),
        { headers: response.headers },
      );
    },
  });
  const lines: string[] = [];
  const statuses: string[] = [];
  const following = (async () => {
    for await (const event of client.deployments.logs.follow({ deployment: deployment.id })) {
      assert.ok(event.ok, JSON.stringify(event));
      if (event.value.type === 'line') lines.push(event.value.line.text);
      else statuses.push(`${event.value.type} ${event.value.deployment.status}`);
    }
  })();
  for (let i = 1; i <= 40; i++)
    await ports.logs.append('build', deployment.id, [{ at: i, level: 'info', text: `line ${i}` }]);
  await eventually('the reader has reconnected', () => (connections >= 3 ? true : undefined));
  for (const state of ['building', 'deploying', 'success'] as const)
    must(await moveDeployment(ports)(deployment.id, state));
  await ports.logs.append('build', deployment.id, [{ at: 41, level: 'info', text: 'line 41' }]);
  await ports.logs.close('build', deployment.id);
  await following;
  assert.deepEqual(
    lines,
    Array.from({ length: 41 }, (_, i) => `line ${i + 1}`),
  );
  assert.equal(statuses.at(-1), 'end success');

  const page = await client.deployments.logs.list({ deployment: deployment.id, after: 0, limit: 30 });
  assert.ok(page.ok && page.value.items.length === 30 && page.value.cursor === '30');
  const rest = await client.deployments.logs.list({
    deployment: deployment.id,
    after: Number(page.value.cursor),
    limit: 30,
  });
  assert.ok(rest.ok && rest.value.items.length === 11 && rest.value.cursor === undefined);
});

test('a page of large log lines ends after a megabyte of text, and its cursor leads through all of them', async (t) => {
  const server = await openServer(t);
  const { project } = await server.project('shop');
  const { deployment } = must(
    await requestDeployment(server.ports)({
      project,
      environment: PRODUCTION,
      source: { kind: 'git', commit: 'a'.repeat(40) as CommitSha, branch: 'main' as BranchName },
    }),
  );
  await server.ports.logs.append(
    'build',
    deployment.id,
    Array.from({ length: 40 }, (_, i) => ({ at: i, level: 'info', text: `${i} `.padEnd(60_000, 'x') })),
  );
  const { createClient } = await import('@anchor/client/http/client.ts');
  const client = createClient({ baseUrl: server.url, token: server.admin, fetch });
  const seen: number[] = [];
  let pages = 0;
  for (let after: number | undefined = 0; after !== undefined; pages++) {
    const page = await client.deployments.logs.list({ deployment: deployment.id, after, limit: 5_000 });
    assert.ok(page.ok && page.value.items.reduce((sum, { text }) => sum + text.length, 0) < 1_048_576 + 65_536);
    seen.push(...page.value.items.map(({ n }) => n));
    after = page.value.cursor === undefined ? undefined : Number(page.value.cursor);
  }
  assert.deepEqual(
    seen,
    Array.from({ length: 40 }, (_, i) => i + 1),
  );
  assert.equal(pages, 3);
});

test('a quiet event stream shows signs of life, and its end stops what it watched', async (t) => {
  const server = await openServer(t, { limits: { heartbeatMs: 30 } });
  const { project } = await server.project('shop');
  const { deployment } = must(
    await requestDeployment(server.ports)({
      project,
      environment: PRODUCTION,
      source: { kind: 'git', commit: 'e'.repeat(40) as CommitSha, branch: 'main' as BranchName },
    }),
  );
  const response = await fetch(`${server.url}/api/deployments/${deployment.id}/logs?follow=1`, {
    headers: { authorization: `Bearer ${server.admin}` },
  });
  assert.equal(response.headers.get('content-type'), 'text/event-stream');
  const reader = response.body!.getReader();
  let text = '';
  await eventually('a heartbeat', async () => {
    text += new TextDecoder().decode((await reader.read()).value);
    return text.includes(': still here') ? true : undefined;
  });
  assert.match(text, /event: deployment\ndata: \{"type":"deployment"/);
  const before = Date.now();
  await server.server.close(5_000);
  assert.ok(Date.now() - before < 3_000, 'the stream did not end by itself');
});

test('a follower that disconnects leaves nothing behind, and HEAD starts nothing', async (t) => {
  let following = 0;
  const server = await openServer(t, { ports: {} });
  const { project } = await server.project('shop');
  const { deployment } = must(
    await requestDeployment(server.ports)({
      project,
      environment: PRODUCTION,
      source: { kind: 'git', commit: 'f'.repeat(40) as CommitSha, branch: 'main' as BranchName },
    }),
  );
  const { follow } = server.ports.logs;
  Object.assign(server.ports.logs, {
    async *follow(...args: Parameters<typeof follow>) {
      following += 1;
      try {
        yield* follow(...args);
      } finally {
        following -= 1;
      }
    },
  });
  const headers = { authorization: `Bearer ${server.admin}`, accept: 'text/event-stream' };
  const url = `${server.url}/api/deployments/${deployment.id}/logs`;
  assert.equal((await fetch(url, { method: 'HEAD', headers })).status, 501);
  assert.equal((await fetch(`${server.url}/api/health`, { method: 'HEAD' })).status, 200);
  const stop = new AbortController();
  const responses = await Promise.all([1, 2, 3].map(() => fetch(url, { headers, signal: stop.signal })));
  for (const response of responses) await response.body!.getReader().read();
  await eventually('three follow', () => (following === 3 ? true : undefined));
  stop.abort();
  await eventually('no follower is left', () => (following === 0 ? true : undefined));
});
