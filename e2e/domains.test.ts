import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { launchBrowser, openTab } from './browser.ts';
import { DomainWorld, needsDomainTools as options, type Page, type Ran, type SecureOptions } from './domain-world.ts';
import { eventually, plain, type Platform } from './platform.ts';
import { staticSite, type Repository } from './repository.ts';

/** Domains of a project, from one command to a page over HTTPS. */
const API = 'api.anchor.test';
const RECORDS = [
  'shop-site A 127.0.0.1',
  'www.shop-site A 127.0.0.1',
  'api.anchor A 127.0.0.1',
  'wrong A 127.0.0.99',
  '*.wild A 127.0.0.1',
];

let world: DomainWorld;
let platform: Platform;
let repository: Repository;
let httpsPort: number;

const anchor = (...args: readonly string[]): Promise<Ran> => world.anchor(...args);
const secure = (name: string, path = '/', more: SecureOptions = {}): Promise<Page> => world.secure(name, path, more);

/** Returns the certificates of the platform, as far as a renewal would change them. */
async function fingerprints(): Promise<readonly string[]> {
  const listed = await anchor('certificates', 'list', '--all', '--json');
  const { items } = JSON.parse(listed.stdout) as { items: { fingerprint: string }[] };
  return items.map(({ fingerprint }) => fingerprint).toSorted();
}

before(async () => {
  if (options.skip !== false) return;
  world = await DomainWorld.open(RECORDS);
  ({ repository, httpsPort } = world);
  platform = await world.start(['--local-ca', '--api-domain', API, ...world.providerFlags]);
  await repository.commit(staticSite('the shop'));
  assert.equal((await platform.api('POST', '/api/projects', { name: 'shop' })).status, 201);
  const pushed = await repository.push(platform, 'shop');
  assert.equal(pushed.code, 0, pushed.output);
  const login = await anchor('login', platform.apiUrl, '--token-file', join(platform.data, 'admin-token'));
  assert.equal(login.code, 0, login.stderr);
});
after(() => world?.stop());

test('one command puts the site on its domain, over HTTPS, and plain HTTP redirects to it', options, async () => {
  const added = await anchor('domains', 'add', 'Shop-Site.test', '--project', 'shop', '--wait', '--timeout', '60');
  assert.equal(added.code, 0, `${added.stderr}${added.stdout}\n${platform.output()}`);
  assert.match(added.stdout, /^✓ shop-site\.test: active/);
  assert.match(added.stdout, new RegExp(`https://shop-site\\.test:${httpsPort}\n`));
  const page = await secure('shop-site.test');
  assert.equal(page.status, 200);
  assert.match(page.body, /the shop/);
  assert.equal(page.hsts, undefined, 'not before a renewal');
  const redirected = await plain(platform.edgePort, 'shop-site.test', '/a?b=c');
  assert.equal(redirected.status, 308);
  assert.equal(redirected.headers.location, `https://shop-site.test:${httpsPort}/a?b=c`);
});

test('www redirects to the canonical name with a certificate of its own', options, async () => {
  const to = ['--redirect-to', 'shop-site.test', '--wait', '--timeout', '60'];
  const added = await anchor('domains', 'add', 'www.shop-site.test', '--project', 'shop', ...to);
  assert.equal(added.code, 0, added.stderr + added.stdout);
  const page = await secure('www.shop-site.test', '/a?b=c');
  assert.deepEqual([page.status, page.location], [308, `https://shop-site.test:${httpsPort}/a?b=c`]);
});

test('a domain that leads elsewhere says which record to set, and is live once it is set', options, async () => {
  const added = await anchor('domains', 'add', 'wrong.test', '--project', 'shop');
  assert.match(
    added.stdout,
    /wrong\.test: DNS is wrong[^]*127\.0\.0\.99[^]*fix: Set the A record of wrong\.test to 127\.0\.0\.1\./,
  );
  await assert.rejects(secure('wrong.test'), /alert/i);
  await world.update('del wrong A', 'add wrong 60 A 127.0.0.1');
  await eventually(
    async () => (await secure('wrong.test')).status === 200,
    60_000,
    () => `it never became live: ${platform.output()}`,
  );
});

test('a deployment serves the domain at once, and a rollback serves the earlier one', options, async () => {
  await repository.commit(staticSite('second'));
  const pushed = await repository.push(platform, 'shop');
  assert.equal(pushed.code, 0, pushed.output);
  assert.match((await secure('shop-site.test')).body, /second/);
  assert.equal((await anchor('rollback', '--project', 'shop')).code, 0);
  assert.match((await secure('shop-site.test')).body, /the shop/);
});

test('API and git remote are reached under the name of the API, and under no other', options, async () => {
  await eventually(
    async () => (await secure(API, '/api/health')).status === 200,
    60_000,
    () => `no certificate: ${platform.output()}`,
  );
  const authorization = `Basic ${Buffer.from(`anchor:${platform.token}`).toString('base64')}`;
  const header = `http.extraHeader=Authorization: ${authorization}`;
  const listed = await world.git(API, '-c', header, 'ls-remote', `https://${API}:${httpsPort}/git/shop.git`);
  assert.equal(listed.code, 0, listed.stderr);
  assert.match(listed.stdout, /refs\/heads\/main/);
  for (const path of [
    '/api/health',
    '/git/shop.git/info/refs?service=git-upload-pack',
    '/webhooks/github/x',
    '/hooks/x/y',
  ]) {
    assert.equal((await secure(API, path, { host: 'evil.example' })).status, 403, path);
    assert.equal((await plain(platform.apiPort, 'evil.example', path)).status, 403, path);
  }
});

test(
  'a wildcard is owned by a TXT record, proven by the provider, and serves every name below it',
  options,
  async () => {
    const added = await anchor('domains', 'add', '*.wild.test', '--project', 'shop');
    const record = /TXT +(\S+) +(anchor-project=\S+) /.exec(added.stdout);
    assert.ok(record !== null, added.stdout + added.stderr);
    assert.equal(record[1], '_anchor.wild.test');
    await world.update(`add _anchor.wild 60 TXT "${record[2]}"`);
    await eventually(
      async () => (await secure('any.wild.test')).status === 200,
      90_000,
      () => `it never became live: ${platform.output()}`,
    );
    assert.match((await secure('other.wild.test')).body, /the shop/);
    await assert.rejects(secure('a.b.wild.test'), /alert/i);
  },
);

test(
  'the server is killed: certificates stay, domains stay, and workers go on serving TLS meanwhile',
  options,
  async () => {
    const before = await fingerprints();
    const killed = platform.kill9('server');
    assert.equal((await secure('shop-site.test')).status, 200);
    await killed;
    await platform.kill9('edge-0');
    await eventually(
      async () => (await secure('shop-site.test')).status === 200,
      20_000,
      () => platform.output(),
    );
    assert.deepEqual(await fingerprints(), before, 'nothing was ordered again');
  },
);

test('a project has HTTPS on this machine by the local CA, whose root is in the data directory', options, async () => {
  const ca = await readFile(join(platform.data, 'local-ca.pem'), 'utf8');
  await eventually(
    async () => (await secure('shop.localhost', '/', { ca })).status === 200,
    20_000,
    () => platform.output(),
  );
  await assert.rejects(secure('shop.localhost'), /certificate/i, 'no other root vouches for it');
});

test('a browser loads the site over HTTP/2', options, async () => {
  const browser = await launchBrowser();
  try {
    const tab = await openTab(browser, `https://shop.localhost:${httpsPort}/`, { ignoreHTTPSErrors: true });
    const protocol = await tab.page.evaluate("performance.getEntriesByType('navigation')[0].nextHopProtocol");
    assert.equal(protocol, 'h2');
    assert.match(await tab.page.content(), /the shop/);
    await tab.context.close();
  } finally {
    await browser.close();
  }
});

test('a removed domain is gone from the edge with its certificate', options, async () => {
  const removed = await anchor('domains', 'remove', 'wrong.test', '--project', 'shop');
  assert.equal(removed.code, 0, removed.stderr);
  await assert.rejects(secure('wrong.test'), /alert/i);
  assert.equal((await plain(platform.edgePort, 'wrong.test', '/')).status, 404);
});
