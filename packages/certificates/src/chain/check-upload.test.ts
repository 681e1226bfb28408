import assert from 'node:assert/strict';
import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { createAuthority, issueCertificate } from '@anchor/acme/x509/authority.ts';
import { generateKeyPem, importKeyPem, SIGNATURE } from '@anchor/acme/x509/key-pair.ts';
import {
  BasicConstraintsExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@anchor/acme/x509/peculiar.ts';
import { must } from '@anchor/testing/samples.ts';
import { canonicalAddress, coversName } from './certificate-names.ts';
import { checkUpload } from './check-upload.ts';

const DAY = 86_400_000;
const now = Date.now();
const validity = { notBefore: now - DAY, notAfter: now + 90 * DAY };
const names = [{ type: 'dns', value: 'example.com' }] as const;

const rootKey = await generateKeyPem();
const root = await createAuthority('Test Root', rootKey, validity);
const authority = { certificatePem: root, keyPem: rootKey };
const middleKey = await generateKeyPem();
const middle = await intermediate();
const key = await generateKeyPem();
const leaf = await issueCertificate({ certificatePem: middle, keyPem: middleKey }, names, key, validity);

async function intermediate(): Promise<string> {
  const certificate = await X509CertificateGenerator.create({
    serialNumber: '02',
    subject: [{ CN: ['Test Intermediate'] }],
    issuer: new X509Certificate(root).subject,
    notBefore: new Date(validity.notBefore),
    notAfter: new Date(validity.notAfter),
    publicKey: new Uint8Array(createPublicKey(middleKey).export({ type: 'spki', format: 'der' })),
    signingKey: (await importKeyPem(rootKey)).privateKey,
    signingAlgorithm: SIGNATURE,
    extensions: [new BasicConstraintsExtension(true, 0, true), new KeyUsagesExtension(KeyUsageFlags.keyCertSign, true)],
  });
  return `${certificate.toString('pem')}\n`;
}

const rsa = (bits: number): string =>
  generateKeyPairSync('rsa', { modulusLength: bits }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

function refusal(chain: string, keyPem: string, at = now): string {
  const result = checkUpload(chain, keyPem, at);
  assert.ok(!result.ok, 'it was accepted');
  assert.equal(result.error.code, 'invalid_input');
  assert.ok(result.error.fix.length > 10);
  return `${result.error.message}. ${result.error.cause ?? ''}`;
}

test('a whole chain with its key is accepted, also with text around it and a key in another format', () => {
  const { names: found, chain } = must(checkUpload(`# mine\n${leaf}${middle}${root}`, key, now));
  assert.deepEqual([found, chain.length], [['example.com'], 3]);
  const sec1 = createPrivateKey(key).export({ type: 'sec1', format: 'pem' }).toString();
  assert.equal(must(checkUpload(leaf + middle + root, sec1, now)).keyPem, key);
});

test('an expired certificate and one of the future are refused', () => {
  assert.match(refusal(leaf + middle + root, key, now + 91 * DAY), /expired on 20/);
  assert.match(refusal(leaf + middle + root, key, now - 2 * DAY), /not valid before/);
});

test('a chain out of order is refused with the right order', () => {
  assert.match(refusal(middle + leaf + root, key), /out of order.*example\.com.*, then .*Intermediate.*, then .*Root/s);
  assert.match(refusal(leaf + root + middle, key), /out of order/);
});

test('a chain that lacks its intermediate says which one', () => {
  assert.match(refusal(leaf, key), /incomplete.*Test Intermediate/s);
  assert.match(refusal(leaf + middle, key), /incomplete.*Test Root/s);
  assert.match(refusal(leaf + root, key), /do not belong together/);
});

test("another certificate's key is refused", async () => {
  assert.match(refusal(leaf + middle + root, await generateKeyPem()), /does not belong/);
  assert.match(refusal(middle + root, key), /does not belong/);
});

test('RSA with 1024 bits is refused, with 2048 bits accepted', async () => {
  for (const bits of [1024, 2048]) {
    const rsaKey = rsa(bits);
    const certificate = await issueCertificate(authority, names, rsaKey, validity);
    if (bits === 2048) must(checkUpload(certificate + root, rsaKey, now));
    else assert.match(refusal(certificate + root, rsaKey), /RSA with 1024 bits/);
  }
});

test('keys that browsers do not know are refused', async () => {
  for (const pair of [generateKeyPairSync('ed25519'), generateKeyPairSync('ec', { namedCurve: 'secp256k1' })]) {
    const pem = pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    const certificate = await issueCertificate(authority, names, pem, validity);
    assert.match(refusal(certificate + root, pem), /Browsers refuse/);
  }
});

test('a certificate without names, an encrypted key and files of another kind are refused', async () => {
  const nameless = await issueCertificate(authority, [], key, validity).catch(() => undefined);
  if (nameless !== undefined) assert.match(refusal(nameless + root, key), /names no host/);
  const encrypted = createPrivateKey(key)
    .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' })
    .toString();
  assert.match(refusal(leaf + middle + root, encrypted), /passphrase/);
  assert.match(refusal(key, key), /no readable certificates/);
  assert.match(refusal(leaf, leaf), /no readable private key/);
  assert.match(refusal(leaf.repeat(11), key), /more than 10/);
  assert.match(refusal(leaf + 'x'.repeat(200_000), key), /larger/);
  assert.match(refusal(leaf + leaf, key), /out of order|incomplete/);
});

test('no input throws', () => {
  const texts = fc.oneof(
    fc.string(),
    fc.constantFrom(leaf, middle, root, key, leaf + root),
    fc.base64String().map(pem),
  );
  fc.assert(
    fc.property(texts, texts, (chain, keyPem) => void checkUpload(chain, keyPem, now)),
    { numRuns: 300 },
  );
});

const pem = (body: string): string => `-----BEGIN CERTIFICATE-----\n${body}\n-----END CERTIFICATE-----\n`;

test('a wildcard covers one label and no more', () => {
  const covered = (name: string): boolean => coversName(['*.example.com', '10.0.0.1', '::1'], name);
  assert.deepEqual(
    ['a.example.com', 'example.com', 'a.b.example.com', '*.example.com', '*.a.example.com', '10.0.0.1', '9.0.0.1'].map(
      covered,
    ),
    [true, false, false, true, false, true, false],
  );
  assert.equal(canonicalAddress('2001:DB8:0:0:0:0:0:1'), '2001:db8::1');
});
