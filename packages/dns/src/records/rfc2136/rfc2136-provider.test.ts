import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { hasKnot, Knot, KNOT_KEY } from '@anchor/testing/knot/knot.ts';
import { DnsClient } from '../../wire/dns-client.ts';
import { Credential } from '../credential.ts';
import { Rfc2136Provider, type Rfc2136Settings } from './rfc2136-provider.ts';

const options = { skip: hasKnot() ? false : 'knotd cannot be had' };
let knot: Knot;
before(async () => {
  if (options.skip !== false) return;
  knot = await Knot.start({ zones: [{ name: 'example.test', records: ['@ NS ns1', 'ns1 A 127.0.0.1'] }] });
});
after(() => knot?.stop());

const provider = (changes: Partial<Rfc2136Settings> = {}): Rfc2136Provider =>
  new Rfc2136Provider({
    zone: 'example.test',
    server: { address: knot.address, port: knot.port },
    keyName: KNOT_KEY.name,
    algorithm: 'hmac-sha256',
    secret: new Credential(KNOT_KEY.secret),
    ...changes,
  });

async function txt(name: string): Promise<readonly string[]> {
  const response = await new DnsClient().query({ address: knot.address, port: knot.port }, { name, type: 'TXT' });
  assert.ok(response.ok, JSON.stringify(response));
  return response.value.records
    .flatMap((record) =>
      record.type === 'TXT' ? [Buffer.concat([record.data].flat().map((part) => Buffer.from(part))).toString()] : [],
    )
    .sort();
}

test('two values of one name live beside each other, and one is removed without the other', options, async () => {
  const name = '_acme-challenge.example.test';
  assert.deepEqual(await provider().put(name, 'one'), { ok: true, value: undefined });
  assert.deepEqual(await provider().put(name, 'two'), { ok: true, value: undefined });
  assert.deepEqual(await provider().put(name, 'two'), { ok: true, value: undefined });
  assert.deepEqual(await txt(name), ['one', 'two']);
  assert.ok((await provider().remove(name, 'one')).ok);
  assert.ok((await provider().remove(name, 'one')).ok);
  assert.deepEqual(await txt(name), ['two']);
  assert.ok((await provider().remove(name, 'two')).ok);
  assert.deepEqual(await txt(name), []);
});

test('a value of more than 255 bytes is cut into strings and comes back whole', options, async () => {
  const value = 'x'.repeat(700);
  assert.ok((await provider().put('long.example.test', value)).ok);
  assert.deepEqual(await txt('long.example.test'), [value]);
});

const refusals: readonly (readonly [string, Partial<Rfc2136Settings>, RegExp])[] = [
  ['a wrong secret', { secret: new Credential(Buffer.alloc(32, 7).toString('base64')) }, /BADSIG/],
  ['an unknown key', { keyName: 'stranger' }, /BADKEY/],
  ['a zone of another server', { zone: 'other.test' }, /NOTAUTH|REFUSED/],
];
for (const [what, changes, cause] of refusals)
  test(`${what} is refused with its reason, and without the secret`, options, async () => {
    const result = await provider(changes).put('a.example.test', 'x');
    assert.ok(!result.ok);
    assert.equal(result.error.code, 'source_refused');
    assert.match(result.error.cause ?? '', cause);
    assert.ok(!JSON.stringify(result).includes(KNOT_KEY.secret));
  });

test('a server that is down is unreachable', options, async () => {
  const result = await provider({ server: { address: '127.0.0.1', port: 1 } }).put('a.example.test', 'x');
  assert.ok(!result.ok);
  assert.equal(result.error.code, 'source_unreachable');
});
