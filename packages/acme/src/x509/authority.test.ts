import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { connect, createServer } from 'node:tls';
import { createAuthority, issueCertificate } from './authority.ts';
import { generateKeyPem } from './key-pair.ts';

const DAY = 86_400_000;
const validity = { notBefore: Date.now() - DAY, notAfter: Date.now() + DAY };

/** Connects by TLS to a server with this certificate. Returns the client's verdict. */
async function verdict(cert: string, key: string, ca: string, servername: string): Promise<string> {
  const server = createServer({ cert, key }).listen(0, '127.0.0.1');
  server.on('tlsClientError', () => {}).on('secureConnection', (socket) => socket.on('error', () => {}));
  await once(server, 'listening');
  const socket = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', ca, servername });
  const result = await new Promise<string>((resolve) => {
    socket.once('secureConnect', () => resolve('accepted')).once('error', (error) => resolve(error.message));
  });
  socket.destroy();
  server.close();
  return result;
}

const authorityKey = await generateKeyPem();
const root = await createAuthority('Test', authorityKey, validity, 'localhost');

test('a client that trusts the authority accepts its certificates', async () => {
  const key = await generateKeyPem();
  const names = ['demo.localhost', 'a.b.localhost'].map((value) => ({ type: 'dns', value }) as const);
  const cert = await issueCertificate({ certificatePem: root, keyPem: authorityKey }, names, key, validity);
  for (const { value } of names) assert.equal(await verdict(cert, key, root, value), 'accepted');
  assert.ok(new X509Certificate(cert).verify(new X509Certificate(root).publicKey));
});

test('an authority for one domain vouches for no other name', async () => {
  const key = await generateKeyPem();
  const names = [{ type: 'dns', value: 'bank.example.com' }] as const;
  const cert = await issueCertificate({ certificatePem: root, keyPem: authorityKey }, names, key, validity);
  assert.match(await verdict(cert, key, root, 'bank.example.com'), /permitted subtree/);
});

test('a certificate of the authority is none', async () => {
  const [key, leafKey] = [await generateKeyPem(), await generateKeyPem()];
  const [outer, inner] = ['x.localhost', 'y.localhost'].map((value) => ({ type: 'dns', value }) as const);
  const authority = { certificatePem: root, keyPem: authorityKey };
  const cert = await issueCertificate(authority, [outer!], key, validity);
  const leaf = await issueCertificate({ certificatePem: cert, keyPem: key }, [inner!], leafKey, validity);
  assert.notEqual(await verdict(`${leaf}${cert}`, leafKey, root, 'y.localhost'), 'accepted');
});
