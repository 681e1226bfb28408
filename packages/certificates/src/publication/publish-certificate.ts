import type { SecretBox } from '@anchor/core/ports/secret-box.ts';
import type { ServedCertificates } from '@anchor/core/ports/served-certificates.ts';
import type { Result } from '@anchor/core/result/result.ts';
import { keyContext, type StoredCertificate, type Tables } from '../records/records.ts';
import type { Stored } from '../records/record-table.ts';

/** Gives a stored certificate to the edge, and stores that it has it. Fails when its key does not open. */
export async function publishCertificate(
  tables: Pick<Tables, 'certificates'>,
  secrets: SecretBox,
  served: ServedCertificates,
  stored: Stored<StoredCertificate>,
): Promise<Result<void>> {
  const { names, notAfter, chainPem, sealedKey } = stored.value;
  const keyPem = await secrets.open(sealedKey, keyContext('certificate', stored.id));
  if (!keyPem.ok) return keyPem;
  await served.publish({ id: stored.id, names, notAfter, chainPem, keyPem: keyPem.value });
  if ((await tables.certificates.replace(stored, { ...stored.value, published: true })) !== undefined)
    return { ok: true, value: undefined };
  // It was replaced or removed meanwhile, and the edge may have got the older one last.
  const current = await tables.certificates.get(stored.id);
  if (current !== undefined) return publishCertificate(tables, secrets, served, current);
  await served.withdraw(stored.id);
  return { ok: true, value: undefined };
}
