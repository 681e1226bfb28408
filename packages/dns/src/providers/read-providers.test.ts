import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SecretBox } from '@anchor/core/ports/secret-box.ts';
import type { Result } from '@anchor/core/result/result.ts';
import { secretBox as memorySecretBox } from '@anchor/testing/memory/secret-box.ts';
import type { TxtProvider } from '../records/txt-provider.ts';
import { providerSecretContext, readProviders } from './read-providers.ts';

const secretBox: SecretBox = memorySecretBox();
const read = (
  zones: unknown,
  environment: Record<string, string> = {},
): Promise<Result<ReadonlyMap<string, TxtProvider>>> =>
  readProviders(JSON.stringify({ zones }), { environment, secretBox });

test('each provider is read, with secrets from the environment or sealed', async () => {
  const sealed = await secretBox.seal('k', providerSecretContext('b.test', 'secret'));
  const result = await read(
    {
      'A.test.': { provider: 'cloudflare', token: { env: 'CF' } },
      'b.test': { provider: 'rfc2136', server: '[::1]:5353', keyName: 'Key.', secret: { sealed } },
      'c.test': { provider: 'route53', accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: { env: 'AWS' } },
    },
    { CF: 'token', AWS: 'secret' },
  );
  assert.ok(result.ok, JSON.stringify(result));
  assert.deepEqual([...result.value.keys()], ['a.test', 'b.test', 'c.test']);
});

test('a secret that was sealed for another zone does not open', async () => {
  const sealed = await secretBox.seal('k', providerSecretContext('a.test', 'token'));
  const result = await read({ 'b.test': { provider: 'cloudflare', token: { sealed } } });
  assert.ok(!result.ok);
});

const mistakes: readonly (readonly [string, unknown, RegExp])[] = [
  [
    'a secret in the file',
    { 'a.test': { provider: 'cloudflare', token: 'hunter2-secret' } },
    /never the secret itself/,
  ],
  ['a variable that is not set', { 'a.test': { provider: 'cloudflare', token: { env: 'NONE' } } }, /NONE is not set/],
  ['an unknown provider', { 'a.test': { provider: 'bind', token: { env: 'X' } } }, /provider/],
  ['a zone that is no name', { 'a b': { provider: 'cloudflare', token: { env: 'X' } } }, /zones\.a b/],
  [
    'a server that is no address',
    { 'a.test': { provider: 'rfc2136', server: 'ns1.a.test', keyName: 'k', secret: { env: 'X' } } },
    /IP address/,
  ],
  ['an unknown field', { 'a.test': { provider: 'cloudflare', token: { env: 'X' }, tokn: 1 } }, /tokn/],
];
for (const [what, zones, cause] of mistakes)
  test(`${what} is refused by its place, and without a secret`, async () => {
    const result = await read(zones, { X: 'x' });
    assert.ok(!result.ok);
    assert.equal(result.error.code, 'invalid_input');
    assert.match(result.error.cause ?? '', cause);
    assert.ok(!JSON.stringify(result.error).includes('hunter2'));
  });

test('what is not JSON is refused', async () => {
  const result = await readProviders('zones: {}', { environment: {}, secretBox });
  assert.ok(!result.ok && result.error.code === 'invalid_input');
});
