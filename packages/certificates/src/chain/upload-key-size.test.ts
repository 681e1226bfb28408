import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { createAuthority, issueCertificate } from '@anchor/acme/x509/authority.ts';
import { generateKeyPem } from '@anchor/acme/x509/key-pair.ts';
import { checkUpload } from './check-upload.ts';

const now = Date.now();
const validity = { notBefore: now - 1000, notAfter: now + 86_400_000 };

async function upload(bits: number) {
  const rootKey = await generateKeyPem();
  const root = await createAuthority('Test root', rootKey, validity);
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: bits });
  const keyPem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const identifiers = [{ type: 'dns', value: 'shop.test' }] as const;
  const leaf = await issueCertificate({ certificatePem: root, keyPem: rootKey }, identifiers, keyPem, validity);
  return checkUpload(leaf + root, keyPem, now);
}

test('RSA with 2048 to 4096 bits is accepted', async () => {
  for (const bits of [2048, 4096]) assert.ok((await upload(bits)).ok, `${bits}`);
});

test('RSA under 2048 bits is refused, and so is a key whose handshakes would take the processor from other sites', async () => {
  for (const [bits, message] of [
    [1024, /^Browsers refuse .*1024/],
    [4608, /costs too much time per connection.*4608/],
  ] as const) {
    const result = await upload(bits);
    assert.ok(!result.ok && result.error.code === 'invalid_input', `${bits}`);
    assert.match(result.error.message, message);
  }
});
