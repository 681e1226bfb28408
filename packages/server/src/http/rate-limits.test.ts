import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { requestDeployment } from '@anchor/core/deployments/request.ts';
import { fail } from '@anchor/core/result/result.ts';
import { PRODUCTION, type BranchName, type CommitSha } from '@anchor/core/names/name.ts';
import { eventually, must, openServer } from '../fixtures/open-server.ts';
import { DEFAULT_LIMITS } from '../settings.ts';
import { createRateLimits } from './rate-limits.ts';

const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });

test('after many wrong tokens an address is rate-limited, and good tokens from there still pass', async (t) => {
  const { url, admin } = await openServer(t, { limits: { refusedPerMinute: 3 } });
  const wrong = bearer(`anc_${'x'.repeat(43)}`);
  const statuses: number[] = [];
  for (let i = 0; i < 5; i++) statuses.push((await fetch(`${url}/api/projects`, wrong)).status);
  // The minute may turn in between, but not twice.
  assert.ok(statuses.includes(401) && statuses.includes(429), statuses.join());
  const waits = await fetch(`${url}/git/shop.git/info/refs?service=git-upload-pack`, {
    headers: { authorization: `Basic ${btoa(`x:anc_${'y'.repeat(43)}`)}` },
  });
  assert.equal(waits.status, 429, 'the git remote counts along');
  assert.equal(
    (await fetch(`${url}/git/shop.git/info/refs?service=git-upload-pack`)).status,
    401,
    'git sends its first request without a token',
  );
  assert.equal((await fetch(`${url}/api/projects`, bearer(admin))).status, 200);
});

test('a token has a limited number of event streams, and one that ends or is aborted frees its slot', async (t) => {
  const server = await openServer(t, { limits: { streamsPerToken: 2 } });
  const { project } = await server.project('shop');
  const { deployment } = must(
    await requestDeployment(server.ports)({
      project,
      environment: PRODUCTION,
      source: { kind: 'git', commit: 'a'.repeat(40) as CommitSha, branch: 'main' as BranchName },
    }),
  );
  const path = `/api/deployments/${deployment.id}/logs?follow=1`;
  const open = () => {
    const socket = connect(server.port, '127.0.0.1');
    t.after(() => socket.destroy());
    socket.write(
      `GET ${path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${server.admin}\r\naccept: text/event-stream\r\n\r\n`,
    );
    return new Promise<Readonly<{ socket: typeof socket; status: string }>>((resolve) =>
      socket.once('data', (chunk: Buffer) => resolve({ socket, status: chunk.toString().slice(9, 12) })),
    );
  };
  const first = await open();
  assert.deepEqual([first.status, (await open()).status, (await open()).status], ['200', '200', '429']);
  const other = await fetch(`${server.url}${path}`, {
    ...bearer(await server.token('admin')),
    signal: AbortSignal.timeout(10_000),
  });
  assert.equal(other.status, 200, 'another token has its own');
  await other.body?.cancel();
  first.socket.destroy();
  assert.equal(
    await eventually('a slot is free again', async () => ((await open()).status === '200' ? 'yes' : undefined)),
    'yes',
  );
});

test('a project has a limited number of event streams, whatever the tokens, and another has its own', () => {
  const limits = createRateLimits({ ...DEFAULT_LIMITS, streamsPerProject: 2 }, () => 0);
  const first = limits.openStream('tok_1', 'prj_1');
  assert.ok(first.ok && limits.openStream('tok_2', 'prj_1').ok);
  const refused = limits.openStream('tok_3', 'prj_1');
  assert.equal(refused.ok ? 'ok' : refused.error.code, 'rate_limited');
  assert.ok(limits.openStream('tok_3', 'prj_2').ok);
  first.value();
  assert.ok(limits.openStream('tok_3', 'prj_1').ok);
});

test('a token that has uploaded too much waits', async (t) => {
  const { url, admin, project } = await openServer(t, { limits: { uploadBytesPerHour: 100 } });
  await project('shop');
  const upload = async () =>
    (
      await fetch(`${url}/api/projects/shop/uploads`, {
        method: 'POST',
        body: Buffer.concat([Buffer.from([0x1f, 0x8b]), Buffer.alloc(98)]),
        headers: { ...bearer(admin).headers, 'content-type': 'application/gzip' },
      })
    ).status;
  assert.deepEqual([await upload(), await upload()], [201, 429]);
});

test('the addresses of one IPv6 network share their attempts', () => {
  const limits = createRateLimits({ ...DEFAULT_LIMITS, signInsPerMinute: 3, refusedPerMinute: 3 }, () => 0);
  const refused = fail('unauthenticated', 'This is no token', 'Log in with: anchor login');
  const addresses = Array.from({ length: 10 }, (_, i) => `2001:db8:1:2:${i + 1}::1`);
  assert.equal(addresses.filter((address) => limits.signIn(address).ok).length, 3);
  const codes = addresses.map((address) => {
    const result = limits.authenticated({ address, secret: 'x' }, refused);
    return result.ok ? '' : result.error.code;
  });
  assert.equal(codes.filter((code) => code === 'rate_limited').length, 7);
  assert.ok(limits.signIn('2001:db8:1:3::1').ok, 'another network');
});
