import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { after, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { ChallengeDns } from '@anchor/testing/pebble/challenge-dns.ts';
import { ChallengeServer } from '@anchor/testing/pebble/challenge-server.ts';
import { Pebble, pebbleTools } from '@anchor/testing/pebble/pebble.ts';
import { dnsRecord, keyAuthorization, persistentDnsRecord } from '../challenges/key-authorization.ts';
import { AccountKey } from '../jose/account-key.ts';
import { describeAcmeError, type AcmeError } from '../messages/acme-error.ts';
import type { Identifier } from '../messages/identifier.ts';
import type { Authorization, Challenge } from '../messages/schemas.ts';
import { createAlpnCertificate } from '../x509/alpn-certificate.ts';
import { certificateId } from '../x509/certificate-id.ts';
import { generateKeyPem } from '../x509/key-pair.ts';
import { createSigningRequest } from '../x509/signing-request.ts';
import { AcmeClient, type NewOrder, type Order } from './acme-client.ts';
import type { AcmeAccount } from './signed-requests.ts';

const tools = await pebbleTools();
const options = { skip: tools === undefined ? 'Pebble cannot be had' : false };
const dns = tools === undefined ? undefined : await ChallengeDns.start(tools);
const edge = await ChallengeServer.start();
const { httpPort, tlsPort } = edge;
const pebble =
  tools === undefined || dns === undefined
    ? undefined
    : await Pebble.start(tools, { dns: dns.address, httpPort, tlsPort, blocked: ['blocked.example.com'] });
const clients: AcmeClient[] = [];
after(async () => {
  for (const client of clients) client.close();
  await pebble?.stop();
  await dns?.stop();
  await edge.stop();
});

type AcmeResult<T> = Readonly<{ ok: true; value: T } | { ok: false; error: AcmeError }>;
function must<T>(result: AcmeResult<T>): T {
  if (!result.ok) throw new Error(describeAcmeError(result.error));
  return result.value;
}

function clientOf(server = pebble): AcmeClient {
  const client = new AcmeClient({
    directoryUrl: server!.directoryUrl,
    trustedPem: server!.trustedPem,
    userAgent: 'anchor-test',
  });
  clients.push(client);
  return client;
}

const register = async (client: AcmeClient): Promise<AcmeAccount> =>
  must(await client.register({ key: AccountKey.generate(), email: 'ops@example.com' }));

async function settled(client: AcmeClient, account: AcmeAccount, url: string): Promise<Order> {
  for (;;) {
    const order = must(await client.order(account, url));
    if (order.status !== 'pending' && order.status !== 'processing') return order;
    await pause(20);
  }
}

type Solve = (challenge: Challenge, authorization: Authorization, account: AcmeAccount) => Promise<void>;

/** Runs one order to its end. Returns the chain. */
async function issue(client: AcmeClient, account: AcmeAccount, order: NewOrder, type: string, solve: Solve) {
  const placed = must(await client.newOrder(account, order));
  for (const url of placed.authorizations) {
    const authorization = must(await client.authorization(account, url));
    const challenge = authorization.challenges.find((each) => each.type === type)!;
    await solve(challenge, authorization, account);
    must(await client.startChallenge(account, challenge.url));
  }
  const ready = await settled(client, account, placed.url);
  assert.equal(ready.status, 'ready', JSON.stringify(ready.error));
  const csr = await createSigningRequest(order.identifiers, await generateKeyPem());
  must(await client.finalize(account, ready, csr));
  const valid = await settled(client, account, placed.url);
  assert.equal(valid.status, 'valid');
  return must(await client.certificate(account, valid.certificate!));
}

const dnsName = (value: string): Identifier => ({ type: 'dns', value });
const http: Solve = async ({ token = '' }, _authorization, { key }) => {
  edge.texts.set(`/.well-known/acme-challenge/${token}`, keyAuthorization(token, key));
};

test('http-01 gives a certificate for two names in one order', options, async () => {
  const client = clientOf();
  const identifiers = [dnsName('one.example.com'), dnsName('two.example.com')];
  const chain = await issue(client, await register(client), { identifiers }, 'http-01', http);
  assert.deepEqual(new X509Certificate(chain).subjectAltName, 'DNS:one.example.com, DNS:two.example.com');
});

test('tls-alpn-01 gives a certificate', options, async () => {
  const client = clientOf();
  const key = await generateKeyPem();
  await issue(
    client,
    await register(client),
    { identifiers: [dnsName('alpn.example.com')] },
    'tls-alpn-01',
    async ({ token = '' }, _authorization, account) => {
      const identifier = dnsName('alpn.example.com');
      const cert = await createAlpnCertificate(identifier, keyAuthorization(token, account.key), key);
      edge.alpn.set('alpn.example.com', { cert, key });
    },
  );
});

test('an address gets a certificate by tls-alpn-01, under its reverse name', options, async () => {
  const client = clientOf();
  const key = await generateKeyPem();
  const identifier: Identifier = { type: 'ip', value: '127.0.0.1' };
  const chain = await issue(
    client,
    await register(client),
    { identifiers: [identifier], profile: 'shortlived' },
    'tls-alpn-01',
    async ({ token = '' }, _authorization, account) => {
      const cert = await createAlpnCertificate(identifier, keyAuthorization(token, account.key), key);
      edge.alpn.set('1.0.0.127.in-addr.arpa', { cert, key });
    },
  );
  const { subjectAltName, validFromDate, validToDate } = new X509Certificate(chain);
  assert.equal(subjectAltName, 'IP Address:127.0.0.1');
  assert.ok(validToDate.getTime() - validFromDate.getTime() < 7 * 86_400_000, 'the profile is used');
});

test('dns-01 gives a wildcard certificate', options, async () => {
  const client = clientOf();
  const chain = await issue(
    client,
    await register(client),
    { identifiers: [dnsName('*.wild.example.com'), dnsName('wild.example.com')] },
    'dns-01',
    async ({ token = '' }, { identifier }, { key }) => {
      const record = dnsRecord(identifier.value, keyAuthorization(token, key));
      await dns!.addTxt(record.name, record.value);
    },
  );
  assert.match(new X509Certificate(chain).subjectAltName ?? '', /DNS:\*\.wild\.example\.com/);
});

test('dns-persist-01 gives a wildcard certificate twice by one record', options, async () => {
  const client = clientOf();
  const account = await register(client);
  const { meta } = must(await client.directory());
  const issuer = meta.caaIdentities![0]!;
  const record = persistentDnsRecord('*.stay.example.com', issuer, account.url, true);
  await dns!.addTxt(record.name, record.value);
  for (let round = 0; round < 2; round++)
    await issue(client, account, { identifiers: [dnsName('*.stay.example.com')] }, 'dns-persist-01', async (each) =>
      assert.deepEqual(each['issuer-domain-names'], [issuer]),
    );
});

test('renewal information names a window, and an order replaces the certificate once', options, async () => {
  const client = clientOf();
  const account = await register(client);
  const identifiers = [dnsName('renewed.example.com')];
  const chain = await issue(client, account, { identifiers }, 'http-01', http);
  const replaces = certificateId(chain)!;
  const info = must(await client.renewalInfo(replaces))!;
  assert.ok(info.suggestedWindow.start < info.suggestedWindow.end && info.retryAfterMs === 6 * 3_600_000);
  await pebble!.setRenewalInfo(
    chain,
    JSON.stringify({ suggestedWindow: { start: '2020-01-01T00:00:00Z', end: '2020-01-02T00:00:00Z' } }),
  );
  assert.equal(must(await client.renewalInfo(replaces))!.suggestedWindow.end, Date.UTC(2020, 0, 2));
  await pebble!.setRenewalInfo(chain, '{"suggestedWindow": "tomorrow"}');
  const broken = await client.renewalInfo(replaces);
  assert.equal(broken.ok ? undefined : broken.error.kind, 'invalid_response');
  await issue(client, account, { identifiers, replaces }, 'http-01', http);
  const repeated = await client.newOrder(account, { identifiers, replaces });
  assert.equal(repeated.ok || repeated.error.kind !== 'problem' ? '' : repeated.error.problem.type, 'alreadyReplaced');
});

test(
  'a certificate whose serial number starts with a set bit has an identifier that the CA knows',
  options,
  async () => {
    const client = clientOf();
    const account = await register(client);
    // Half of all serial numbers do.
    for (let round = 0; round < 4; round++) {
      const chain = await issue(client, account, { identifiers: [dnsName(`s${round}.example.com`)] }, 'http-01', http);
      assert.notEqual(must(await client.renewalInfo(certificateId(chain)!)), undefined);
    }
  },
);

test('an order that was placed before a crash is found again, and a finished one is not', options, async () => {
  const client = clientOf();
  const account = await register(client);
  const identifiers = [dnsName('found.example.com'), dnsName('www.found.example.com')];
  assert.equal(must(await client.unfinishedOrder(account, identifiers)), undefined);
  const placed = must(await client.newOrder(account, { identifiers }));
  must(await client.newOrder(account, { identifiers: [dnsName('found.example.com')] }));
  assert.equal(must(await client.unfinishedOrder(account, identifiers.toReversed()))?.url, placed.url);
  const other = [dnsName('done.example.com')];
  await issue(client, account, { identifiers: other }, 'http-01', http);
  assert.equal(must(await client.unfinishedOrder(account, other)), undefined);
});

test('the same key gets the same account again', options, async () => {
  const key = AccountKey.generate();
  const [first, second] = [
    must(await clientOf().register({ key })),
    must(await clientOf().register({ key: must(AccountKey.fromPem(key.toPem()) as AcmeResult<AccountKey>) })),
  ];
  assert.equal(first.url, second.url);
});

test('a name that the CA refuses is a problem with its type and the name', options, async () => {
  const client = clientOf();
  const refused = await client.newOrder(await register(client), { identifiers: [dnsName('blocked.example.com')] });
  assert.ok(!refused.ok && refused.error.kind === 'problem');
  assert.equal(refused.error.problem.type, 'rejectedIdentifier');
  assert.match(describeAcmeError(refused.error), /blocked\.example\.com/);
});

test('a challenge that fails says why in its authorization', options, async () => {
  const client = clientOf();
  const account = await register(client);
  const placed = must(await client.newOrder(account, { identifiers: [dnsName('nothing.example.com')] }));
  const [url = ''] = placed.authorizations;
  const challenge = must(await client.authorization(account, url)).challenges.find(({ type }) => type === 'http-01')!;
  must(await client.startChallenge(account, challenge.url));
  assert.equal((await settled(client, account, placed.url)).status, 'invalid');
  const failed = must(await client.authorization(account, url)).challenges.find(({ error }) => error !== undefined)!;
  assert.equal(failed.error?.type, 'unauthorized');
});

test('an external account is bound, and a CA that wants one refuses without', options, async () => {
  const hmacKey = 'zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W';
  const strict = await Pebble.start(tools!, { dns: dns!.address, externalAccounts: { 'kid-1': hmacKey } });
  try {
    const client = clientOf(strict);
    assert.equal(must(await client.directory()).meta.externalAccountRequired, true);
    const without = await client.register({ key: AccountKey.generate() });
    assert.equal(
      without.ok || without.error.kind !== 'problem' ? '' : without.error.problem.type,
      'externalAccountRequired',
    );
    must(await client.register({ key: AccountKey.generate(), externalAccount: { keyId: 'kid-1', hmacKey } }));
    const other = { keyId: 'kid-1', hmacKey: hmacKey.toLowerCase() };
    assert.equal((await client.register({ key: AccountKey.generate(), externalAccount: other })).ok, false);
  } finally {
    await strict.stop();
  }
});

test('orders go through with every second nonce refused', options, async () => {
  const nervous = await Pebble.start(tools!, { dns: dns!.address, httpPort, tlsPort, nonceFaults: 50 });
  try {
    const client = clientOf(nervous);
    await issue(client, await register(client), { identifiers: [dnsName('nonce.example.com')] }, 'http-01', http);
  } finally {
    await nervous.stop();
  }
});

test("the clock of the CA is compared with this machine's", options, async () => {
  const client = clientOf();
  assert.equal(client.clockSkewMs, undefined);
  must(await client.directory());
  assert.ok(Math.abs(client.clockSkewMs!) < 60_000);
});

test('a CA whose TLS is not trusted is unreachable', options, async () => {
  const client = new AcmeClient({ directoryUrl: pebble!.directoryUrl, userAgent: 'anchor-test' });
  clients.push(client);
  const directory = await client.directory();
  assert.ok(!directory.ok && directory.error.kind === 'unreachable');
});
