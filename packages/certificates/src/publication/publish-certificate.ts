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
  // When it was replaced meanwhile, the replacement is published by its own writer.
  await tables.certificates.replace(stored, { ...stored.value, published: true });
  return { ok: true, value: undefined };
}
