import type { Identifier } from '../messages/identifier.ts';
import { importKeyPem, SIGNATURE } from './key-pair.ts';
import { Pkcs10CertificateRequestGenerator, SubjectAlternativeNameExtension } from './peculiar.ts';

/** Creates the CSR of an order in DER: names only as subject alternative names, and no subject (RFC 8555, 7.4). */
export async function createSigningRequest(identifiers: readonly Identifier[], keyPem: string): Promise<Uint8Array> {
  const request = await Pkcs10CertificateRequestGenerator.create({
    keys: await importKeyPem(keyPem),
    signingAlgorithm: SIGNATURE,
    extensions: [new SubjectAlternativeNameExtension(identifiers.map(({ type, value }) => ({ type, value })))],
  });
  return new Uint8Array(request.rawData);
}
