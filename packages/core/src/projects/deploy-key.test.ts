import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { parseDeployKey } from './deploy-key.ts';

/** The first fields of OpenSSH's format, which name the cipher of the rest; the rest is filler. */
function openSsh(cipher: string): string {
  const body = Buffer.concat([
    Buffer.from('openssh-key-v1\0\0\0\0'),
    Buffer.from([cipher.length]),
    Buffer.from(cipher),
    Buffer.alloc(150, 7),
  ]).toString('base64');
  return `-----BEGIN OPENSSH PRIVATE KEY-----\n${body.match(/.{1,70}/g)?.join('\n')}\n-----END OPENSSH PRIVATE KEY-----\n`;
}

test('a private key in either format is taken, with the line ends that ssh needs', () => {
  const pem = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    .privateKey.export({ type: 'sec1', format: 'pem' })
    .toString();
  for (const key of [openSsh('none'), pem]) {
    for (const given of [key, key.trimEnd(), key.replaceAll('\n', '\r\n'), `\n  ${key}\n\n`])
      assert.deepEqual(parseDeployKey(given), { ok: true, value: key });
  }
});

test('what ssh could not use is refused with the reason, and never repeated', () => {
  const encrypted = generateKeyPairSync('rsa', { modulusLength: 2048 })
    .privateKey.export({ type: 'pkcs1', format: 'pem', cipher: 'aes-128-cbc', passphrase: 'x' })
    .toString();
  const cases: readonly (readonly [string, RegExp])[] = [
    [openSsh('aes256-ctr'), /passphrase/],
    [encrypted, /passphrase/],
    ['ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFILLERFILLER me@here', /public key/],
    ['hello', /not a private key/],
    ['', /not a private key/],
    ['x'.repeat(20_000), /longer/],
    [
      '-----BEGIN OPENSSH PRIVATE KEY-----\nrm -rf $(HOME)\n-----END OPENSSH PRIVATE KEY-----',
      /lines that are not part of a private key/,
    ],
    ['-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----', /not a private key/],
  ];
  for (const [given, reason] of cases) {
    const parsed = parseDeployKey(given);
    assert.ok(!parsed.ok && reason.test(parsed.error.cause ?? ''), `${given.slice(0, 40)} ${JSON.stringify(parsed)}`);
    assert.match(parsed.error.fix, /ssh-keygen/);
    if (given.length > 20) assert.ok(!JSON.stringify(parsed.error).includes(given.slice(-60, -40)));
  }
});
