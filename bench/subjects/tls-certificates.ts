import { createAuthority, issueCertificate } from '@anchor/acme/x509/authority.ts';
import { generateKeyPem } from '@anchor/acme/x509/key-pair.ts';
import type { CertificateMaterial } from '@anchor/core/ports/certificate-table.ts';

const DAY_MS = 86_400_000;

/** Creates an authority, and returns a function that issues certificates: P-256, chains of two. */
export async function testAuthority(): Promise<(...names: readonly string[]) => Promise<CertificateMaterial>> {
  const validity = { notBefore: Date.now() - DAY_MS, notAfter: Date.now() + 30 * DAY_MS };
  const keyPem = await generateKeyPem();
  const certificatePem = await createAuthority('Bench', keyPem, validity);
  return async (...names) => {
    const own = await generateKeyPem();
    const identifiers = names.map((value) => ({ type: /^[\d.]+$/.test(value) ? 'ip' : 'dns', value }) as const);
    const leaf = await issueCertificate({ certificatePem, keyPem }, identifiers, own, validity);
    return { chainPem: leaf + certificatePem, keyPem: own };
  };
}
