import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Certificates } from '@anchor/core/ports/certificates.ts';
import { using, type Harness, type Make } from '../harness.ts';
import { must } from '../samples.ts';

/** Certificates under test, with a CA that issues for every name below example.com. */
export type CertificatesHarness = Harness<Certificates> &
  Readonly<{
    now: () => number;
    /** Resolves when every order is done. */
    settle: () => Promise<void>;
    /** Whether wildcards can be proven, which needs a DNS provider. */
    setProvider: (present: boolean) => void;
  }>;

const unused = async (): Promise<boolean> => false;

/** The contract of `Certificates`. `options` may skip it where its CA cannot be had. */
export function certificatesContract(
  name: string,
  make: () => Promise<CertificatesHarness>,
  options: Readonly<{ skip: string | boolean }> = { skip: false },
): void {
  const check = (what: string, run: (harness: CertificatesHarness) => Promise<void>): void =>
    void test(`${name}: ${what}`, options, using(make as Make<Certificates> & typeof make, run));

  check('a request becomes a certificate', async ({ subject, settle, now }) => {
    assert.deepEqual(await subject.statusOf('first.example.com'), {});
    must(await subject.request(['first.example.com'], 'domain'));
    await settle();
    const { certificate, order, failed } = await subject.statusOf('first.example.com');
    assert.deepEqual([order, failed], [undefined, undefined]);
    assert.deepEqual(certificate?.names, ['first.example.com']);
    assert.ok(certificate.notBefore <= now() && certificate.notAfter > now());
    assert.ok(certificate.renewAt !== undefined && certificate.renewAt < certificate.notAfter);
    assert.deepEqual([certificate.origin, certificate.renewals], ['acme', 0]);
    assert.match(certificate.fingerprint, /^[0-9a-f]{64}$/);
  });

  check('a request that is repeated changes nothing', async ({ subject, settle }) => {
    must(await subject.request(['twice.example.com'], 'domain'));
    must(await subject.request(['twice.example.com'], 'platform'));
    await settle();
    const fingerprints = async () => (await subject.list()).map(({ fingerprint }) => fingerprint);
    const before = await fingerprints();
    must(await subject.request(['twice.example.com'], 'renewal'));
    assert.equal((await subject.statusOf('twice.example.com')).order, undefined);
    await settle();
    assert.deepEqual(await fingerprints(), before);
  });

  check('a renewal replaces the certificate and is counted', async ({ subject, settle }) => {
    must(await subject.request(['renewed.example.com'], 'domain'));
    await settle();
    const { certificate: first } = await subject.statusOf('renewed.example.com');
    must(await subject.renew('renewed.example.com'));
    assert.deepEqual((await subject.statusOf('renewed.example.com')).certificate, first, 'served until it is replaced');
    await settle();
    const { certificate: second } = await subject.statusOf('renewed.example.com');
    assert.equal(second?.renewals, 1);
    assert.notEqual(second.fingerprint, first?.fingerprint);
    const absent = await subject.renew('absent.example.com');
    assert.equal(absent.ok ? undefined : absent.error.code, 'not_found');
  });

  check('a wildcard serves the names below it, and a removed one serves none', async ({ subject, settle }) => {
    must(await subject.request(['*.wild.example.com'], 'platform'));
    await settle();
    assert.deepEqual((await subject.statusOf('a.wild.example.com')).certificate?.names, ['*.wild.example.com']);
    assert.equal((await subject.statusOf('wild.example.com')).certificate, undefined);
    await subject.remove('*.wild.example.com', unused);
    await subject.remove('*.wild.example.com', unused);
    assert.deepEqual(await subject.statusOf('a.wild.example.com'), {});
    assert.deepEqual(await subject.list(), []);
  });

  check('a certificate for several names is removed with the last one that is used', async ({ subject, settle }) => {
    const [first, second] = ['first-of-two.example.com', 'second-of-two.example.com'];
    must(await subject.request([first, second], 'domain'));
    await settle();
    await subject.remove(first, async (other) => other === second);
    assert.notEqual((await subject.statusOf(second)).certificate, undefined);
    await subject.remove(second, unused);
    assert.deepEqual([await subject.statusOf(second), await subject.list()], [{}, []]);
  });

  check('an order that was removed issues nothing', async ({ subject, settle }) => {
    must(await subject.request(['gone.example.com'], 'domain'));
    await subject.remove('gone.example.com', unused);
    await settle();
    assert.deepEqual(await subject.statusOf('gone.example.com'), {});
  });

  check('all are listed, the first to expire first', async ({ subject, settle }) => {
    const names = ['x.example.com', 'y.example.com', 'z.example.com'];
    for (const each of names) must(await subject.request([each], 'domain'));
    await settle();
    const list = await subject.list();
    assert.deepEqual(list.flatMap((each) => each.names).toSorted(), names);
    assert.deepEqual(
      list.map(({ notAfter }) => notAfter),
      list.map(({ notAfter }) => notAfter).toSorted((a, b) => a - b),
    );
  });

  check('a wildcard without a DNS provider is unsupported', async ({ subject, setProvider }) => {
    setProvider(true);
    must(subject.canIssue('*.example.com'));
    setProvider(false);
    const refused = subject.canIssue('*.example.com');
    assert.equal(refused.ok ? undefined : refused.error.code, 'unsupported');
    must(subject.canIssue('www.example.com'));
  });

  check('an upload that is no certificate is refused and stores nothing', async ({ subject }) => {
    for (const result of [await subject.inspect('nothing', 'nothing'), await subject.upload('nothing', 'nothing')])
      assert.equal(result.ok ? undefined : result.error.code, 'invalid_input');
    assert.deepEqual(await subject.list(), []);
  });

  check('a tick says when the next one is due', async ({ subject, now }) => {
    assert.ok((await subject.tick()) > now());
    const stop = AbortSignal.abort();
    must(await subject.request(['tick.example.com'], 'domain'));
    assert.ok((await subject.tick(stop)) > now());
  });
}
