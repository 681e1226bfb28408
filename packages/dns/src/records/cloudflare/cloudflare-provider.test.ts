import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { inspect } from 'node:util';
import { CLOUDFLARE_TOKEN, CloudflareService, refusal } from '../../fixtures/cloudflare-service.ts';
import { Credential } from '../credential.ts';
import { CloudflareProvider } from './cloudflare-provider.ts';

const NAME = '_acme-challenge.app.example.test';
let service: CloudflareService;
beforeEach(async () => {
  service = new CloudflareService('example.test');
  await service.http.start();
});
afterEach(() => service.http.stop());

const provider = (
  token = CLOUDFLARE_TOKEN,
  zone = 'example.test',
  endpoint = service.http.endpoint,
): CloudflareProvider => new CloudflareProvider({ zone, token: new Credential(token), endpoint, http: { retryMs: 1 } });

test('values are added and removed one by one, and twice is once', async () => {
  const subject = provider();
  for (const value of ['one', 'two', 'two'])
    assert.deepEqual(await subject.put(NAME, value), { ok: true, value: undefined });
  assert.deepEqual(service.contents(NAME), ['"one"', '"two"']);
  assert.ok((await subject.remove(NAME, 'one')).ok);
  assert.ok((await subject.remove(NAME, 'one')).ok);
  assert.deepEqual(service.contents(NAME), ['"two"']);
});

test('the zone is found by the longest suffix, once', async () => {
  const subject = provider(CLOUDFLARE_TOKEN, 'deep.app.example.test');
  assert.ok((await subject.put(NAME, 'one')).ok);
  assert.ok((await subject.put(NAME, 'two')).ok);
  const searched = service.http.requests.filter(({ path }) => path === '/zones');
  assert.deepEqual(
    searched.map(({ url }) => url.searchParams.get('name')),
    ['deep.app.example.test', 'app.example.test', 'example.test'],
  );
});

test('a zone that the token does not see is refused', async () => {
  const result = await provider(CLOUDFLARE_TOKEN, 'other.test').put('a.other.test', 'x');
  assert.ok(!result.ok);
  assert.equal(result.error.code, 'source_refused');
  assert.match(result.error.cause ?? '', /sees no zone/);
});

test('a refused token is named by the reason of Cloudflare', async () => {
  const result = await provider('wrong').put(NAME, 'x');
  assert.ok(!result.ok);
  assert.equal(result.error.code, 'source_refused');
  assert.equal(result.error.cause, 'HTTP 403: Authentication error (10000)');
});

test('429 is retried after the time that the response names', async () => {
  service.http.queued.push(refusal(429, 10429, 'Rate limited', { 'retry-after': '0' }));
  assert.ok((await provider().put(NAME, 'x')).ok);
});

test('429 with a long Retry-After, and 429 without end, are refusals', async () => {
  service.http.queued.push(refusal(429, 10429, 'Rate limited', { 'retry-after': '3600' }));
  const long = await provider().put(NAME, 'x');
  assert.ok(!long.ok && long.error.code === 'source_refused');
  assert.equal(service.http.requests.length, 1);
  service.http.queued.push(...Array.from({ length: 4 }, () => refusal(429, 10429, 'Rate limited')));
  const endless = await provider().put(NAME, 'x');
  assert.ok(!endless.ok && endless.error.cause?.startsWith('HTTP 429'));
});

test('what is not JSON, too large, a redirect or down is unreachable', async () => {
  for (const response of [
    { status: 502, body: '<html>' },
    { status: 200, body: 'x'.repeat(2 * 1024 * 1024) },
    { status: 302, body: '', headers: { location: 'http://127.0.0.1:1/' } },
  ]) {
    service.http.queued.push(...Array.from({ length: 4 }, () => response));
    const result = await provider().put(NAME, 'x');
    assert.ok(!result.ok && result.error.code === 'source_unreachable', JSON.stringify(result));
    service.http.queued.length = 0;
  }
  const stopped = await new CloudflareService('example.test').http.start();
  await stopped.stop();
  const down = await provider(CLOUDFLARE_TOKEN, 'example.test', stopped.endpoint).put(NAME, 'x');
  assert.ok(!down.ok && down.error.cause === 'ECONNREFUSED');
});

test('no error and no inspection shows the token, an echo by the API and a malformed token included', async () => {
  service.http.queued.push(refusal(400, 1, `Invalid token ${CLOUDFLARE_TOKEN}`));
  const malformed = `${CLOUDFLARE_TOKEN}\nx`;
  const shown = [
    await provider().put(NAME, 'x'),
    await provider('wrong').put(NAME, 'x'),
    await provider(malformed).put(NAME, 'x'),
    provider(),
    new Credential(CLOUDFLARE_TOKEN),
  ];
  const texts = shown.flatMap((each) => [
    inspect(each, { depth: 10, showHidden: true }),
    JSON.stringify(each),
    `${String(each)}`,
  ]);
  for (const text of texts) assert.ok(!text.includes(CLOUDFLARE_TOKEN), text);
});
