import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { inspect } from 'node:util';
import { AWS_KEY_ID, AWS_SECRET, awsError, Route53Service } from '../../fixtures/route53-service.ts';
import { Credential } from '../credential.ts';
import { Route53Provider, type Route53Settings } from './route53-provider.ts';

const NAME = '_acme-challenge.example.test';
let service: Route53Service;
beforeEach(async () => {
  service = new Route53Service('example.test');
  await service.http.start();
});
afterEach(() => service.http.stop());

const provider = (changes: Partial<Route53Settings> = {}): Route53Provider =>
  new Route53Provider({
    zone: 'example.test',
    accessKeyId: AWS_KEY_ID,
    secretAccessKey: new Credential(AWS_SECRET),
    endpoint: service.http.endpoint,
    http: { retryMs: 1 },
    pollMs: 1,
    ...changes,
  });
const values = (): readonly string[] | undefined => service.sets.get(`${NAME}.`)?.values;

test('values are added and removed one by one, and the set goes with the last', async () => {
  const subject = provider();
  for (const value of ['one', 'two', 'two'])
    assert.deepEqual(await subject.put(NAME, value), { ok: true, value: undefined });
  assert.deepEqual(values(), ['"one"', '"two"']);
  for (const value of ['one', 'one', 'two']) assert.ok((await subject.remove(NAME, value)).ok);
  assert.equal(values(), undefined);
});

test('a change is waited for until it is in sync', async () => {
  assert.ok((await provider().put(NAME, 'one')).ok);
  assert.deepEqual(service.looks, ['C1', 'C1', 'C1']);
});

test('the public zone is found by the longest suffix', async () => {
  assert.ok((await provider({ zone: 'deep.app.example.test' }).put(NAME, 'one')).ok);
  const result = await provider({ zone: 'other.test' }).put('a.other.test', 'x');
  assert.ok(!result.ok && result.error.code === 'source_refused');
});

test('values of another writer stay, whatever the order', async () => {
  service.beforeChange = () => {
    service.sets.set(`${NAME}.`, { ttl: '300', values: ['"theirs"'] });
    return undefined;
  };
  assert.ok((await provider().put(NAME, 'ours')).ok);
  assert.deepEqual(values(), ['"theirs"', '"ours"']);
  const writers = Array.from({ length: 3 }, (_, at) => provider().put(NAME, `writer ${at}`));
  for (const result of await Promise.all(writers)) assert.ok(result.ok, JSON.stringify(result));
  assert.equal(values()?.length, 5);
});

test('long values, quotes, backslashes and ampersands come back as they were', async () => {
  for (const value of ['x'.repeat(600), 'a"b\\c & <d>']) assert.ok((await provider().put(NAME, value)).ok);
  assert.deepEqual(values(), [`"${'x'.repeat(255)}" "${'x'.repeat(255)}" "${'x'.repeat(90)}"`, '"a\\"b\\\\c & <d>"']);
  for (const value of ['x'.repeat(600), 'a"b\\c & <d>']) assert.ok((await provider().remove(NAME, value)).ok);
  assert.equal(values(), undefined);
});

test('throttling and a prior request in flight are waited out', async () => {
  for (const status of [429, 400]) service.http.queued.push(awsError(status, 'Throttling', 'Rate exceeded'));
  assert.ok((await provider().put(NAME, 'one')).ok);
  service.beforeChange = () => awsError(400, 'PriorRequestNotComplete', 'The request was rejected');
  assert.ok((await provider().put(NAME, 'two')).ok);
  assert.deepEqual(values(), ['"one"', '"two"']);
});

test('a wrong secret, a missing permission and a service that fails are told apart', async () => {
  const wrong = await provider({ secretAccessKey: new Credential('wrong') }).put(NAME, 'x');
  assert.ok(!wrong.ok && wrong.error.code === 'source_refused');
  assert.match(wrong.error.cause ?? '', /^HTTP 403: SignatureDoesNotMatch/);
  service.http.queued.push(awsError(403, 'AccessDenied', 'User is not authorized to perform this action'));
  const denied = await provider().put(NAME, 'x');
  assert.ok(!denied.ok && denied.error.code === 'source_refused');
  assert.match(denied.error.cause ?? '', /AccessDenied/);
  service.http.queued.push(...Array.from({ length: 4 }, () => ({ status: 503, body: 'down' })));
  const down = await provider().put(NAME, 'x');
  assert.ok(!down.ok && down.error.code === 'source_unreachable');
});

test('what is not XML of Route 53 changes nothing', async () => {
  for (const body of [
    '',
    '<',
    '{"a":1}',
    '<ListHostedZonesByNameResponse/>',
    '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
  ]) {
    service.http.queued.push({ status: 200, body });
    const result = await provider({ zone: 'a.test' }).put('x.a.test', 'x');
    assert.ok(!result.ok, body);
  }
});

test('no error and no inspection shows a credential, an echo by the API included', async () => {
  service.http.queued.push(awsError(403, 'AccessDenied', `secret ${AWS_SECRET} session-token`));
  const session = { sessionToken: new Credential('session-token') };
  const shown = [await provider(session).put(NAME, 'x'), provider(session)];
  for (const each of shown)
    for (const text of [inspect(each, { depth: 10, showHidden: true }), JSON.stringify(each)]) {
      assert.ok(!text.includes(AWS_SECRET), text);
      assert.ok(!text.includes('session-token'), text);
    }
});
