import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAuthority } from '@anchor/acme/x509/authority.ts';
import { generateKeyPem } from '@anchor/acme/x509/key-pair.ts';
import { TestCertificates } from '../testing/test-certificates.ts';
import { ServedNames } from './served-names.ts';

const keyPem = await generateKeyPem();
const validity = { notBefore: Date.now() - 60_000, notAfter: Date.now() + 86_400_000 };
const material = { keyPem, chainPem: await createAuthority('Test', keyPem, validity) };
const keys = (fill: number): readonly string[] => [Buffer.alloc(48, fill).toString('base64')];

function served(): Readonly<{ table: TestCertificates; names: ServedNames; created(): number }> {
  const table = new TestCertificates();
  table.serve(['example.com'], material);
  const names = new ServedNames(table, 10);
  const created = (): number => {
    const certificate = names.certificateOf('example.com');
    assert.ok(certificate !== undefined && names.contextOf(certificate) !== undefined);
    return names.created;
  };
  return { table, names, created };
}

test('a context is kept until the ticket keys change, whatever else is published', () => {
  const { table, created } = served();
  assert.equal(created(), 1);
  table.publish({ pending: ['example.com'], responses: { '/x': 'y' } });
  assert.equal(created(), 1);
  table.publish({ ticketKeys: keys(1) });
  assert.equal(created(), 2);
  table.publish({ ticketKeys: [...keys(1), ...keys(0)] });
  assert.equal(created(), 2);
});

test('the generation changes with what is published, and only then', () => {
  const { table, names } = served();
  const before = names.generation;
  assert.equal(names.generation, before);
  table.publish({ domains: [{ name: 'example.com', httpsOnly: true, hstsSeconds: 0 }] });
  assert.notEqual(names.generation, before);
  assert.equal(names.domainOf('example.com.')?.name, 'example.com');
});

test('names that objects inherit are none of those that are published', () => {
  const { names } = served();
  for (const name of ['__proto__', 'constructor', 'toString']) {
    assert.equal(names.responseAt(name), undefined);
    assert.equal(names.alpnChallengeOf(name), undefined);
    assert.equal(names.certificateOf(name), undefined);
    assert.equal(names.domainOf(name), undefined);
  }
});

test('without a table nothing is served', () => {
  const names = new ServedNames(undefined, 1);
  assert.equal(names.certificateOf('example.com'), undefined);
  assert.deepEqual(names.status(), { certificates: 0, domains: 0, contexts: 0, contextsCreated: 0 });
});
