import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { connect } from 'node:tls';
import { after, before, test } from 'node:test';
import { DomainWorld, needsDomainTools as options } from './domain-world.ts';
import { eventually } from './platform.ts';

/** A server without a domain: it is reached by its address. */
let world: DomainWorld;
before(async () => {
  if (options.skip !== false) return;
  world = await DomainWorld.open([]);
  await world.start([]);
});
after(() => world?.stop());

/** Returns the certificate of a handshake without a server name, as clients of an address do it. */
const handshake = (): Promise<X509Certificate> =>
  new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port: world.httpsPort, ca: world.root }, () => {
      const { raw } = socket.getPeerCertificate();
      socket.destroy();
      resolve(new X509Certificate(raw));
    });
    socket.once('error', reject);
  });

test('a server without a domain has a certificate for its address, for six days at a time', options, async () => {
  await eventually(
    async () => (await handshake()).subjectAltName === 'IP Address:127.0.0.1',
    60_000,
    () => `no certificate: ${world.platform.output()}`,
  );
  const { validFrom, validTo } = await handshake();
  const days = (Date.parse(validTo) - Date.parse(validFrom)) / 86_400_000;
  assert.ok(days < 7, `${days} days`);
});

test('the metrics say when the certificate expires, and that its order succeeded', options, async () => {
  const response = await fetch(`${world.platform.apiUrl}/metrics`, {
    headers: { authorization: `Bearer ${world.platform.token}` },
  });
  const text = await response.text();
  const expiry = Math.floor(Date.parse((await handshake()).validTo) / 1000);
  const metric = `^anchor_certificate_expiry_timestamp_seconds\\{name="127\\.0\\.0\\.1",.*\\} ${expiry}$`;
  assert.match(text, new RegExp(metric, 'm'));
  assert.match(text, /^anchor_certificate_issues_total\{result="succeeded"\} 1$/m);
});
