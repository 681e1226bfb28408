import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { checkDomain } from '@anchor/core/domains/check-domain.ts';
import { eventually, must } from '@anchor/server/fixtures/open-server.ts';
import { memoryCertificates } from '@anchor/testing/memory/certificates.ts';
import { memoryDns } from '@anchor/testing/memory/dns-lookup.ts';
import { loggedIn } from './fixtures/logged-in.ts';

const HERE = '203.0.113.7';

async function shop(context: TestContext) {
  const dns = memoryDns(Date.now);
  const certificates = memoryCertificates(Date.now);
  const site = { domain: 'localhost', urlOf: (host: string) => `https://${host}`, publicAddresses: [HERE] };
  const person = await loggedIn(context, { ports: { dns, certificates, site } });
  const created = await person.anchor(['projects', 'create', 'shop']);
  assert.equal(created.code, 0, created.stderr);
  return {
    dns,
    certificates,
    ...person,
    person,
    anchor: (...words: string[]) => person.anchor([...words, '--project', 'shop']),
    anchorShowing: (onOutput: (text: string) => void, ...words: string[]) =>
      person.anchor([...words, '--project', 'shop'], { onOutput }),
  };
}

test('domains add prints the record to set, and what the name resolves to now', async (context) => {
  const { dns, anchor } = await shop(context);
  dns.set('example.com', { a: ['198.51.100.1'] });
  const { code, stdout } = await anchor('domains', 'add', 'Example.COM.');
  assert.equal(code, 0);
  assert.match(
    stdout,
    /^▸ example\.com: DNS is wrong\n {2}why +example\.com leads to 198\.51\.100\.1, not to this server/,
  );
  assert.match(
    stdout,
    /fix: Set the A record of example\.com to 203\.0\.113\.7\.\n\n +TYPE +NAME +VALUE +NOW\n +A +example\.com +203\.0\.113\.7 +198\.51\.100\.1\n/,
  );
  assert.match(
    stdout,
    /Serve www\.example\.com as well: anchor domains add www\.example\.com --redirect-to example\.com/,
  );
});

test('domains add --wait shows each change and ends with the address', async (context) => {
  const { dns, certificates, anchorShowing, server } = await shop(context);
  dns.set('example.com', {});
  let shown = '';
  const words = ['domains', 'add', 'example.com', '--wait', '--timeout', '30'];
  const added = anchorShowing((text) => (shown += text), ...words);
  await eventually('the first state', () => (shown.includes('▸ pending: ') ? true : undefined));
  // The part of the server's watcher, which does not run here.
  const { id } = await eventually('the domain', async () => (await server.ports.domains.holders())[0]);
  must(await checkDomain(server.ports)(id));
  certificates.issue('example.com');
  must(await checkDomain(server.ports)(id));
  const { code, stdout, stderr } = await added;
  assert.equal(code, 0, stderr);
  assert.match(stderr, /^✓ Added example\.com \(production\)\n▸ pending: The first check is about to run\n/);
  assert.match(stdout, /^✓ example\.com: active\n[^]*\nhttps:\/\/example\.com\n/);
});

test('domains add --wait exits with 1 when the domain is not active in time', async (context) => {
  const { anchor } = await shop(context);
  const { code, stdout } = await anchor('domains', 'add', 'example.com', '--wait', '--timeout', '0');
  assert.equal(code, 1);
  assert.match(stdout, /example\.com: /);
});

test('at a terminal domains add waits, and Ctrl-C stops the watching alone', async (context) => {
  const { dns, person, server } = await shop(context);
  dns.set('example.com', { a: ['198.51.100.1'] });
  const stop = new AbortController();
  let shown = '';
  const onOutput = (text: string): void => {
    shown += text;
    if (shown.includes('DNS is wrong')) stop.abort();
  };
  const words = ['domains', 'add', 'example.com', '--project', 'shop'];
  const added = person.anchor(words, { terminal: true, onOutput, signal: stop.signal });
  const domain = await eventually('the domain', async () => (await server.ports.domains.holders())[0]);
  must(await checkDomain(server.ports)(domain.id));
  const { code, stderr } = await added;
  assert.equal(code, 1);
  const lines = stripVTControlCharacters(stderr);
  assert.match(
    lines,
    /✓ Added example\.com[^]*Serve www\.example\.com as well: anchor domains add www[^]*A +example\.com +203\.0\.113\.7/,
  );
  assert.match(
    lines,
    /Stopped watching; the platform goes on checking example\.com[^]*fix: See its state: anchor domains check/,
  );
  assert.equal((await server.ports.domains.get(domain.id))?.state, 'dns_wrong');
  const detached = await person.anchor(['domains', 'add', 'www.example.com', '--detach', '-p', 'shop'], {
    terminal: true,
  });
  assert.match(detached.stdout, /www\.example\.com[^]*Follow it with: anchor domains check www\.example\.com/);
});

test('domains are listed, checked with their history, and removed, as text and as JSON', async (context) => {
  const { dns, anchor } = await shop(context);
  assert.match((await anchor('domains', 'list')).stdout, /^No domains\. Add one: /);
  dns.set('example.com', {});
  await anchor('domains', 'add', 'example.com');
  assert.match(
    (await anchor('domains', 'list')).stdout,
    /^DOMAIN[^]*\nexample\.com +certificate is being issued +production/,
  );
  const listed: unknown = JSON.parse((await anchor('domains', 'list', '--json')).stdout);
  assert.partialDeepStrictEqual(listed, { items: [{ name: 'example.com', status: 'pending', state: 'issuing' }] });
  const soon = await anchor('domains', 'check', 'example.com', '--events');
  assert.equal(soon.code, 0);
  assert.match(soon.stderr, /checked moments ago: this was found then/);
  assert.match(
    soon.stdout,
    /^▸ example\.com: certificate is being issued\n[^]* pending +The first check[^]* issuing +A cert/,
  );
  assert.equal((await anchor('domains', 'remove', 'example.com')).stdout, 'Removed example.com\n');
  const gone = await anchor('domains', 'check', 'example.com');
  assert.equal(gone.code, 4);
  assert.match(gone.stderr, /fix: List them with: anchor domains list/);
});

test('a certificate is uploaded for domains of the project only, listed and renewed', async (context) => {
  const { dns, certificates, anchor, folder, server } = await shop(context);
  await writeFile(join(folder, 'chain.pem'), 'example.com\n');
  await writeFile(join(folder, 'key.pem'), 'key\n');
  const foreign = await anchor('certificates', 'upload', 'chain.pem', 'key.pem');
  assert.equal(foreign.code, 2);
  assert.match(
    foreign.stderr,
    /also for example\.com, which is no domain of this project[^]*fix: Add the domain first: anchor domains add example\.com/,
  );
  assert.match((await anchor('certificates', 'upload', 'none.pem', 'key.pem')).stderr, /none\.pem cannot be read/);
  dns.set('example.com', {});
  await anchor('domains', 'add', 'example.com');
  const uploaded = await anchor('certificates', 'upload', 'chain.pem', 'key.pem');
  assert.match(uploaded.stdout, /^✓ Serving example\.com until 2/);
  assert.match((await anchor('certificates', 'list')).stdout, /^NAMES[^]*\nexample\.com +Test CA +\S+ +by upload/);
  const refused = await anchor('certificates', 'renew', 'example.com');
  assert.match(refused.stderr, /was uploaded/);
  certificates.issue('example.com');
  const renewed = await anchor('certificates', 'renew', 'example.com');
  assert.match(renewed.stdout, /example\.com: active, certificate is being renewed/);
  const late = await anchor('certificates', 'renew', 'example.com', '--wait', '--timeout', '0');
  assert.equal(late.code, 1, 'it is not renewed in time');
  assert.match(late.stderr, /^▸ The certificate is being renewed: the CA checks/);
  certificates.issue('example.com');
  const [domain] = await server.ports.domains.holders();
  must(await checkDomain(server.ports)(domain!.id));
  const shown = await anchor('domains', 'list', '--json');
  assert.match(shown.stdout, /"renewals": 2/);
});
