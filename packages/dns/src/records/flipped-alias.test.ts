import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { ok } from '@anchor/core/result/result.ts';
import { createDns } from '../dns.ts';
import { responseTo, ScriptedServer, type PacketRecord } from '../fixtures/scripted-server.ts';
import type { TxtProvider } from './txt-provider.ts';

const NAME = '_acme-challenge.tenant.test';
const WRITTEN = '_acme-challenge.provider.test';

/** A resolver that says what a tenant's name server does: where the challenge leads to, or nothing (SERVFAIL). */
const alias: { target: string | undefined } = { target: undefined };
const resolver = await ScriptedServer.start((received) => {
  const name = received.query.questions?.[0]?.name.toLowerCase() ?? '';
  if (alias.target === undefined) return responseTo(received, [], 2);
  const found: PacketRecord[] = name === NAME ? [{ type: 'CNAME', name, ttl: 1, data: alias.target }] : [];
  return responseTo(received, found);
});
after(() => resolver.stop());

const values = new Set<string>();
const keyOf = (name: string, value: string): string => `${name} ${value}`;
const provider: TxtProvider = {
  put: async (name, value) => ok(void values.add(keyOf(name, value))),
  remove: async (name, value) => ok(void values.delete(keyOf(name, value))),
};
const { records } = createDns({
  ownAddresses: ['127.0.0.1'],
  resolvers: [{ address: '127.0.0.1', port: resolver.port }],
  providers: new Map([['provider.test', provider]]),
});

test('a value that is written again where the alias leads to now is removed from where it led to', async () => {
  for (const target of [WRITTEN, '_acme-challenge.other.provider.test']) {
    alias.target = target;
    assert.ok((await records.putTxt(NAME, 'moved')).ok);
    assert.deepEqual([...values], [keyOf(target, 'moved')]);
  }
  assert.ok((await records.removeTxt(NAME, 'moved')).ok);
  assert.deepEqual([...values], []);
});

for (const [what, target] of [
  ['leads to another name by then', '_acme-challenge.elsewhere.test'],
  ['leads to another name of the zone by then', '_acme-challenge.other.provider.test'],
  ['cannot be looked up by then', undefined],
] as const)
  test(`a value is removed where it was written, although the alias ${what}`, async () => {
    alias.target = WRITTEN;
    assert.ok((await records.putTxt(NAME, 'value')).ok);
    assert.deepEqual([...values], [keyOf(WRITTEN, 'value')]);
    alias.target = target;
    assert.ok((await records.removeTxt(NAME, 'value')).ok);
    assert.deepEqual([...values], []);
  });
