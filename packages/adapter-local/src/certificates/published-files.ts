import { createHash } from 'node:crypto';
import type { ServedCertificate } from '@anchor/core/ports/certificate-table.ts';
import type { PublishedChallenge, ServedDomain } from '@anchor/core/ports/served-certificates.ts';
import type { CertificateMaterial } from '@anchor/core/ports/certificate-table.ts';

/** The files that the server writes and the edge workers read, by what each holds. */
export type PublishedFiles = Readonly<{
  /** All certificates, without chains and keys. */
  index: readonly ServedCertificate[];
  domains: readonly ServedDomain[];
  challenges: readonly PublishedChallenge[];
  /** The newest first. */
  tickets: readonly TicketKey[];
}>;
export type PublishedFile = keyof PublishedFiles;

/** 48 secret bytes in base64. `from`: when (milliseconds since the epoch) tickets are first encrypted with it. */
export type TicketKey = Readonly<{ key: string; from: number }>;

/** How the name of each file with chain and key starts. */
export const MATERIAL = 'certificates/';

/** Returns the name of the file with chain and key: ids are texts of any kind. */
export const materialFile = (id: string): string =>
  `${MATERIAL}${createHash('sha256').update(id).digest('hex').slice(0, 40)}`;

/** Under which the edge knows the certificate of a challenge: another one for the same host is another one. */
export const challengeId = ({
  host,
  chainPem,
}: Readonly<{ host: string }> & Pick<CertificateMaterial, 'chainPem'>): string =>
  `challenge ${host} ${createHash('sha256').update(chainPem).digest('hex')}`;
