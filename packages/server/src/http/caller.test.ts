import assert from 'node:assert/strict';
import { pbkdf2 } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { test } from 'node:test';
import { issueToken } from '@anchor/core/tokens/tokens.ts';
import { must, openServer } from '../fixtures/open-server.ts';
import { basicCaller, callerOf } from './caller.ts';
import { SessionCookie } from './session-cookie.ts';

const JOBS = 32;
const cookie = new SessionCookie('0123abcd', () => 'http://127.0.0.1:7400');
const request = (authorization: string) =>
  ({ headers: { authorization }, socket: { remoteAddress: '127.0.0.1' } }) as unknown as IncomingMessage;
type Ports = Parameters<typeof callerOf>[0];
const tokenId = async (ports: Ports, authorization: string): Promise<string | undefined> => {
  const { caller } = must(await callerOf(ports, request(authorization), cookie));
  return caller.kind === 'token' ? caller.token.id : undefined;
};

test('a token is checked while every thread of the pool is busy', async (t) => {
  const { ports } = await openServer(t);
  const { secret, token } = must(await issueToken(ports)({ name: 'busy', scope: 'deploy' }));
  let ended = 0;
  const jobs = Array.from(
    { length: JOBS },
    () =>
      new Promise<void>((resolve) => {
        pbkdf2('password', 'salt', 100_000, 64, 'sha512', () => {
          ended += 1;
          resolve();
        });
      }),
  );
  assert.equal(await tokenId(ports, `Bearer ${secret}`), token.id);
  const basic = must(await basicCaller(ports, request(`Basic ${Buffer.from(`git:${secret}`).toString('base64')}`)));
  assert.equal(basic.kind === 'token' && basic.token.id, token.id);
  assert.equal(ended, 0);
  await Promise.all(jobs);
});

test('requests with one token queue one write while the disk is slow, and are not refused when it fails', async (t) => {
  const { ports } = await openServer(t);
  const { secret, token } = must(await issueToken(ports)({ name: 'slow', scope: 'deploy' }));
  const write = Promise.withResolvers<boolean>();
  let writes = 0;
  const replace = () => {
    writes += 1;
    return write.promise;
  };
  const slow = { ...ports, tokens: { ...ports.tokens, replace } };
  for (let i = 0; i < 10; i++) assert.equal(await tokenId(slow, `Bearer ${secret}`), token.id);
  assert.equal(writes, 1);
  write.reject(new Error('the disk is full'));
  await new Promise(setImmediate);
  assert.equal(await tokenId(slow, `Bearer ${secret}`), token.id);
  assert.equal(writes, 2, 'it is retried');
});
