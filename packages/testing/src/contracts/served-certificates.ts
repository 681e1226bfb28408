import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CertificateTable } from '@anchor/core/ports/certificate-table.ts';
import type { PublishedCertificate, ServedCertificates } from '@anchor/core/ports/served-certificates.ts';
import { using, type Harness } from '../harness.ts';

/** A writer; `open` returns the table of a worker that starts now, and `running` the one of a worker that runs. */
export type ServedCertificatesHarness = Harness<ServedCertificates> &
  Readonly<{ running: CertificateTable; open(): Promise<CertificateTable> }>;

const certificate = (id: string, ...names: readonly string[]): PublishedCertificate => ({
  id,
  names,
  notAfter: 1_900_000_000_000,
  chainPem: `chain of ${id}`,
  keyPem: `key of ${id}`,
});

export function servedCertificatesContract(name: string, make: () => Promise<ServedCertificatesHarness>): void {
  test(
    `${name}: a published certificate is served by running workers and later ones, with chain and key`,
    using(make, async ({ subject, running, open }) => {
      await subject.publish(certificate('one', 'example.com', '*.example.com'));
      for (const table of [running, await open()]) {
        assert.deepEqual(table.current().certificates, [
          { id: 'one', names: ['example.com', '*.example.com'], notAfter: 1_900_000_000_000 },
        ]);
        assert.deepEqual(table.read('one'), { chainPem: 'chain of one', keyPem: 'key of one' });
        assert.equal(table.read('another'), undefined);
      }
      assert.deepEqual(await subject.published(), ['one']);
    }),
  );

  test(
    `${name}: publishing an id again replaces the certificate`,
    using(make, async ({ subject, running }) => {
      await subject.publish(certificate('one', 'example.com'));
      await subject.publish({ ...certificate('one', 'example.org'), keyPem: 'new key' });
      assert.deepEqual(
        running.current().certificates.map(({ names }) => names),
        [['example.org']],
      );
      assert.equal(running.read('one')?.keyPem, 'new key');
    }),
  );

  test(
    `${name}: a withdrawn certificate is gone; withdrawing an absent one is no error`,
    using(make, async ({ subject, running }) => {
      await subject.publish(certificate('one', 'example.com'));
      await subject.publish(certificate('two', 'example.org'));
      await subject.withdraw('one');
      await subject.withdraw('one');
      assert.deepEqual(
        running.current().certificates.map(({ id }) => id),
        ['two'],
      );
      assert.deepEqual(await subject.published(), ['two']);
    }),
  );

  test(
    `${name}: http challenges are texts by path, and their hosts are pending until they are withdrawn`,
    using(make, async ({ subject, running, open }) => {
      const path = '/.well-known/acme-challenge/token';
      await subject.publishChallenge({ kind: 'http', host: 'example.com', path, text: 'token.thumbprint' });
      for (const table of [running, await open()]) {
        assert.deepEqual(table.current().responses, { [path]: 'token.thumbprint' });
        assert.deepEqual(table.current().pending, ['example.com']);
      }
      await subject.withdrawChallenge('http', path);
      await subject.withdrawChallenge('http', path);
      assert.deepEqual(running.current().responses, {});
      assert.deepEqual(running.current().pending, []);
    }),
  );

  test(
    `${name}: the certificate of a tls-alpn-01 challenge is read by an id of its own, and is none of the others`,
    using(make, async ({ subject, running }) => {
      const challenge = { kind: 'alpn', host: 'example.com', chainPem: 'a', keyPem: 'b' } as const;
      await subject.publishChallenge(challenge);
      const id = running.current().alpnChallenges['example.com'] ?? '';
      const material = running.read(id);
      assert.deepEqual([material?.chainPem, material?.keyPem], ['a', 'b']);
      assert.deepEqual(running.current().certificates, []);
      await subject.publishChallenge({ ...challenge, chainPem: 'other' });
      assert.notEqual(running.current().alpnChallenges['example.com'], id);
      await subject.withdrawChallenge('alpn', 'example.com');
      assert.deepEqual(running.current().alpnChallenges, {});
    }),
  );

  test(
    `${name}: the table of domains is replaced as a whole`,
    using(make, async ({ subject, running, open }) => {
      const domain = { name: 'example.com', httpsOnly: true, hstsSeconds: 0 };
      await subject.setDomains([domain, { ...domain, name: 'www.example.com', redirectTo: 'example.com' }]);
      assert.equal(running.current().domains.length, 2);
      await subject.setDomains([domain]);
      for (const table of [running, await open()]) assert.deepEqual(table.current().domains, [domain]);
    }),
  );

  test(
    `${name}: the set is another object after each change, and only what has changed in it`,
    using(make, async ({ subject, running }) => {
      await subject.publish(certificate('one', 'example.com'));
      const before = running.current();
      assert.equal(running.current(), before);
      await subject.setDomains([{ name: 'example.com', httpsOnly: true, hstsSeconds: 0 }]);
      assert.notEqual(running.current(), before);
      assert.equal(running.current().certificates, before.certificates);
    }),
  );

  test(
    `${name}: changes at the same time are all there when each has resolved`,
    using(make, async ({ subject, running }) => {
      const ids = Array.from({ length: 20 }, (_, i) => `c${i}`);
      await Promise.all(ids.map((id) => subject.publish(certificate(id, `${id}.example.com`))));
      assert.deepEqual(
        running
          .current()
          .certificates.map(({ id }) => id)
          .toSorted(),
        ids.toSorted(),
      );
    }),
  );
}
