/** How the edge serves a domain. */
export type ServedDomain = Readonly<{
  /** In lower case, IDN in ASCII. */
  name: string;
  /** The canonical name that every request is redirected to with 308; absent: the domain is served itself. */
  redirectTo?: string;
  /** Plain HTTP is redirected to HTTPS. Only of use once a certificate for the name is served. */
  httpsOnly: boolean;
  /** Seconds of Strict-Transport-Security; 0: no such header. */
  hstsSeconds: number;
}>;

/** A certificate for the edge. `names`: host names, wildcards (`*.example.com`) and IP addresses. PEM, leaf first. */
export type PublishedCertificate = Readonly<{
  id: string;
  names: readonly string[];
  notAfter: number;
  chainPem: string;
  keyPem: string;
}>;

/**
 * Text that the edge responds with at `path` (`/.well-known/acme-challenge/…` or `/.well-known/anchor-check/…`), or a
 * certificate for tls-alpn-01 (RFC 8737). While there is one for a host, its application gets no request below these
 * paths.
 */
export type PublishedChallenge =
  | Readonly<{ kind: 'http'; host: string; path: string; text: string }>
  | Readonly<{ kind: 'alpn'; host: string; chainPem: string; keyPem: string }>;

/**
 * Gives the edge what it serves TLS with. One writer. Each call resolves when every running edge worker has the change;
 * a worker that starts later has it, too, also while the writer is down. Keys are sealed where they are stored.
 * (CloudFront: ACM has the keys; only the domains are published.)
 */
export interface ServedCertificates {
  /** Returns the ids of the published certificates. */
  published(): Promise<readonly string[]>;
  /** Adds or replaces a certificate by its id. */
  publish(certificate: PublishedCertificate): Promise<void>;
  /** Removes a certificate; an absent one is no error. */
  withdraw(id: string): Promise<void>;
  /** Adds or replaces a challenge. Key: `path` for http, `host` for alpn. */
  publishChallenge(challenge: PublishedChallenge): Promise<void>;
  /** Removes a challenge by its key; an absent one is no error. */
  withdrawChallenge(kind: PublishedChallenge['kind'], key: string): Promise<void>;
  /** Replaces the table of domains as a whole. */
  setDomains(domains: readonly ServedDomain[]): Promise<void>;
}
