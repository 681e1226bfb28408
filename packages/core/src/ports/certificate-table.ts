import type { ServedDomain } from './served-certificates.ts';

/** A certificate that the edge can serve. `names`: host names, wildcards (`*.example.com`) and IP addresses. */
export type ServedCertificate = Readonly<{ id: string; names: readonly string[]; notAfter: number }>;

/** What the edge serves, without keys. Replaced as a whole: the same object means that nothing has changed. */
export type ServedSet = Readonly<{
  certificates: readonly ServedCertificate[];
  domains: readonly ServedDomain[];
  /** Text to respond with, by path below the host: ACME's http-01 and the platform's own check. */
  responses: Readonly<Record<string, string>>;
  /** Hosts with an order or a check in flight: their applications get neither's requests. */
  pending: readonly string[];
  /** Id of the certificate for tls-alpn-01 (RFC 8737), by host name. */
  alpnChallenges: Readonly<Record<string, string>>;
  /** 48 secret bytes each, in base64, the one to encrypt with first. */
  ticketKeys: readonly string[];
}>;

export type CertificateMaterial = Readonly<{ chainPem: string; keyPem: string }>;

/**
 * The edge's own copy of the certificates and domains that the server published. Works while the control plane is down,
 * also after a restart of the edge. Every worker has the newest set when `publish` of the writer has returned.
 */
export interface CertificateTable {
  /** Returns the set that was read last. Reads memory only. */
  current(): ServedSet;
  /** Reads chain and key of a certificate: a few kilobytes, once per context. Undefined when they cannot be read. */
  read(id: string): CertificateMaterial | undefined;
  /** Reads the newest set now. */
  refresh(): void;
  /** Stops following changes. */
  close(): void;
}
