import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { memoryCertificates } from '@anchor/testing/memory/certificates.ts';
import { memoryDns } from '@anchor/testing/memory/dns-lookup.ts';
import { until } from '@anchor/testing/until.ts';
import { openServer } from '../fixtures/open-server.ts';

async function twoProjects(t: TestContext) {
  const dns = memoryDns(Date.now);
  const certificates = memoryCertificates(Date.now);
  const server = await openServer(t, { ports: { dns, certificates } });
  const { project: mine } = await server.project('mine');
  const { project: theirs } = await server.project('theirs');
  const client = server.clientWith(await server.token('admin', mine.id));
  const stranger = server.clientWith(await server.token('admin', theirs.id));
  return { server, dns, certificates, client, stranger, mine: mine.id, theirs: theirs.id };
}

const codeOf = (result: Readonly<{ ok: boolean; problem?: { code: string } }>): string | undefined =>
  result.ok ? undefined : result.problem?.code;

test('a domain is added, checked, read, listed and removed; its status is pending, active or failed', async (t) => {
  const { server, client, dns, certificates, mine } = await twoProjects(t);
  dns.set('example.com', {});
  const added = await client.domains.add({ project: mine, name: 'EXAMPLE.com.' });
  assert.ok(added.ok);
  assert.equal(added.value.suggested, 'www.example.com');
  const where = { project: mine, name: 'example.com' };
  const issuing = await client.domains.check(where);
  assert.ok(issuing.ok);
  assert.deepEqual([issuing.value.status, issuing.value.state], ['pending', 'issuing']);
  certificates.issue('example.com');
  const renewed = await client.certificates.renew(where);
  assert.ok(renewed.ok);
  assert.deepEqual([renewed.value.status, renewed.value.state], ['active', 'renewing']);
  assert.equal(renewed.value.url, server.ports.site.urlOf('example.com'));
  const listed = await client.domains.list({ project: mine });
  assert.ok(listed.ok);
  assert.deepEqual(
    listed.value.items.map(({ name }) => name),
    ['example.com'],
  );
  assert.ok((await client.domains.remove(where)).ok);
  assert.equal(codeOf(await client.domains.get(where)), 'not_found');
});

test("a token of another project sees, checks, renews and removes nothing of a project's domains", async (t) => {
  const { client, stranger, mine, theirs, dns, certificates } = await twoProjects(t);
  dns.set('example.com', {});
  assert.ok((await client.domains.add({ project: mine, name: 'example.com' })).ok);
  for (const project of [mine, theirs]) {
    const where = { project, name: 'example.com' };
    assert.equal(codeOf(await stranger.domains.get(where)), 'not_found');
    assert.equal(codeOf(await stranger.domains.check(where)), 'not_found');
    assert.equal(codeOf(await stranger.domains.remove(where)), 'not_found');
    assert.equal(codeOf(await stranger.certificates.renew(where)), 'not_found');
  }
  assert.equal(codeOf(await stranger.domains.list({ project: mine })), 'not_found');
  assert.equal(codeOf(await stranger.certificates.list({ project: mine })), 'not_found');
  assert.equal(codeOf(await stranger.certificates.all({})), 'forbidden');
  const claim = await stranger.domains.add({ project: theirs, name: 'example.com' });
  assert.ok(claim.ok);
  assert.equal(claim.value.domain.state, 'unverified');
  certificates.issue('example.com');
  assert.equal(codeOf(await stranger.certificates.renew({ project: theirs, name: 'example.com' })), 'unsupported');
  assert.equal(
    codeOf(await stranger.certificates.upload({ project: theirs, chain: 'example.com', key: 'k' })),
    'invalid_input',
  );
});

test('a check on demand is limited per domain, and says when to retry', async (t) => {
  const { client, mine } = await twoProjects(t);
  await client.domains.add({ project: mine, name: 'example.com' });
  const where = { project: mine, name: 'example.com' };
  assert.ok((await client.domains.check(where)).ok);
  const limited = await client.domains.check(where);
  assert.equal(codeOf(limited), 'rate_limited');
});

test('checks on demand of one project with slow name servers leave those of others their turn', async (t) => {
  const { client, stranger, mine, theirs, dns } = await twoProjects(t);
  const names = ['one', 'two', 'three', 'four', 'five'].map((label) => `${label}.example.com`);
  for (const name of names) assert.ok((await client.domains.add({ project: mine, name })).ok);
  assert.ok((await stranger.domains.add({ project: theirs, name: 'other.com' })).ok);
  const releases: (() => void)[] = [];
  dns.before = ({ name }) =>
    String(name) === 'other.com' ? Promise.resolve() : new Promise<void>((resolve) => releases.push(resolve));
  const held = names.slice(0, 4).map((name) => client.domains.check({ project: mine, name }));
  await until('four checks wait for their name servers', () => releases.length === 4);
  assert.equal(codeOf(await client.domains.check({ project: mine, name: names[4]! })), 'rate_limited');
  assert.ok((await stranger.domains.check({ project: theirs, name: 'other.com' })).ok);
  for (const release of releases.splice(0)) release();
  assert.ok((await Promise.all(held)).every(({ ok }) => ok));
  const last = client.domains.check({ project: mine, name: names[4]! });
  await until('the fifth runs', () => releases.length === 1);
  releases[0]?.();
  assert.ok((await last).ok);
});

test('a name in another spelling is the same one, in its own project and in others', async (t) => {
  const { client, stranger, mine, theirs } = await twoProjects(t);
  assert.ok((await client.domains.add({ project: mine, name: 'München.example' })).ok);
  for (const name of ['xn--mnchen-3ya.example', 'MÜNCHEN.EXAMPLE.', 'XN--MNCHEN-3YA.example']) {
    assert.equal(codeOf(await client.domains.add({ project: mine, name })), 'already_exists', name);
    assert.ok((await client.domains.get({ project: mine, name })).ok, name);
  }
  const twin = await stranger.domains.add({ project: theirs, name: 'xn--mnchen-3ya.example' });
  assert.equal(twin.ok && twin.value.domain.state, 'unverified');
});

test('names that are none, public suffixes and names of the platform are refused with 422', async (t) => {
  const { client, mine } = await twoProjects(t);
  for (const name of ['*.com', '127.0.0.1', 'https://example.com', 'shop.localhost', 'localhost', 'a b.com'])
    assert.equal(codeOf(await client.domains.add({ project: mine, name })), 'invalid_input', name);
  assert.equal(
    codeOf(await client.domains.add({ project: mine, name: 'example.com', environment: 'preview' })),
    'invalid_input',
  );
});
