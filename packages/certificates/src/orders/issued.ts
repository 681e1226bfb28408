import { createPrivateKey, type X509Certificate } from 'node:crypto';
import { certificateId } from '@anchor/acme/x509/certificate-id.ts';
import { fail, type Result } from '@anchor/core/result/result.ts';
import type { Authority } from '../authorities/authority.ts';
import { fieldsOf } from '../chain/certificate-fields.ts';
import { namesOf } from '../chain/certificate-names.ts';
import { chainPem, readCertificates } from '../chain/read-chain.ts';
import { keyContext, type OrderRecord, type StoredCertificate, type Tables } from '../records/records.ts';
import type { Stored } from '../records/record-table.ts';
import { publishCertificate } from '../publication/publish-certificate.ts';
import { renewalTime } from '../renewals/renewal-time.ts';
import type { OrderContext } from './order-context.ts';

/** Returns the identifier of the certificate that an order renews, when it came from the same CA. */
export async function replacedBy(tables: Tables, id: string, authority: string): Promise<string | undefined> {
  const previous = await tables.certificates.get(id);
  return previous?.value.authority === authority ? certificateId(previous.value.chainPem) : undefined;
}

/**
 * Stores a certificate that a CA issued, with the key of its order, and publishes it. Can be repeated for the same
 * certificate. Fails when it is not what was ordered.
 */
export async function storeIssued(
  { tables, secrets, clock, served }: OrderContext,
  order: Stored<OrderRecord>,
  pem: string,
  authority: Authority,
): Promise<Result<void>> {
  const keyPem = await secrets.open(order.value.sealedKey ?? '', keyContext('order', order.id));
  if (!keyPem.ok) return keyPem;
  const chain = readCertificates(pem);
  if (!chain.ok) return chain;
  const [leaf] = chain.value;
  if (leaf === undefined || !isOrdered(leaf, order.value.names, keyPem.value)) {
    return fail(
      'source_refused',
      `${authority.name} issued another certificate than the one ordered for ${order.value.names.join(', ')}`,
      'Wait: the order is sent again, and to the second CA if there is one.',
    );
  }
  const fields = fieldsOf(leaf);
  const previous = (await tables.certificates.get(order.id))?.value;
  const stored = await tables.certificates.overwrite(order.id, {
    ...fields,
    names: [...order.value.names],
    origin: 'acme',
    authority: authority.name,
    chainPem: chainPem(chain.value),
    sealedKey: await secrets.seal(keyPem.value, keyContext('certificate', order.id)),
    renewAt: renewalTime(fields.notBefore, fields.notAfter),
    checkAt: clock.now(),
    renewals: renewalsAfter(previous, fields.fingerprint, clock.now()),
    published: false,
  });
  return publishCertificate(tables, secrets, served, stored);
}

function renewalsAfter(previous: StoredCertificate | undefined, fingerprint: string, now: number): number {
  if (previous === undefined) return 0;
  // Stored by a run that was killed right after.
  if (previous.fingerprint === fingerprint) return previous.renewals;
  return previous.origin === 'acme' && previous.notAfter > now ? previous.renewals + 1 : 0;
}

function isOrdered(leaf: X509Certificate, names: readonly string[], keyPem: string): boolean {
  const issued = namesOf(leaf);
  return names.every((name) => issued.includes(name)) && leaf.checkPrivateKey(createPrivateKey(keyPem));
}
