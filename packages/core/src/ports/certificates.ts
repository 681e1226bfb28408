import type { AnchorError, Result } from '../result/result.ts';

/** How far an order is (RFC 8555): what it waits for. */
export type IssueStep = 'queued' | 'account' | 'order' | 'dns' | 'challenge' | 'finalize' | 'download';

/** A try that failed and the time (milliseconds since the epoch) of the next one. `error.fix` is for the domain's user. */
export type FailedTry = Readonly<{ error: AnchorError; at: number; retryAt: number }>;

/**
 * A certificate for a name. `names` has host names, wildcards and IP addresses. `renewals` counts those that succeeded
 * without a gap. `origin`: issued by a CA, uploaded by a user, or from the local CA.
 */
export type Certificate = Readonly<{
  id: string;
  names: readonly string[];
  origin: 'acme' | 'upload' | 'local';
  issuer: string;
  notBefore: number;
  notAfter: number;
  /** When the CA wants it renewed (ARI), or after 2/3 of its lifetime. Absent for uploads, which nothing renews. */
  renewAt?: number;
  renewals: number;
  /** SHA-256 of the leaf in hex. */
  fingerprint: string;
}>;

/**
 * What there is for one name: the certificate that is served, by exact name before wildcard, and the order that would
 * replace or make it. Both may be absent.
 */
export type CertificateStatus = Readonly<{
  certificate?: Certificate;
  order?: Readonly<{ since: number; step: IssueStep }>;
  failed?: FailedTry;
}>;

/** A CA that orders go to. `caa`: the domains that stand for it in CAA records; empty for one that does not check. */
export type Authority = Readonly<{ name: string; directory: string; caa: readonly string[]; accountUri?: string }>;

/** Why a certificate is wanted; `renewal` comes first in the budgets. */
export type CertificateReason = 'domain' | 'platform' | 'renewal';

/**
 * Orders, renews, stores and serves certificates. Knows no domain and no project: callers request only names that
 * lead here. Limits of the CA, its Retry-After and the next tries are the adapter's concern. (AWS: ACM.)
 *
 * Errors: `rate_limited` when the own budget is used up, `source_refused` when the CA refuses, `source_unreachable` when
 * it does not respond, `unsupported` for a name that no challenge can prove.
 */
export interface Certificates {
  /** Returns the CAs that orders go to, the first one first; empty when none is configured. */
  authorities(): readonly Authority[];
  /** How far this machine's clock is ahead of that of a CA, in milliseconds, by its last response; 0 before one. */
  clockSkewMs(): number;
  /** Checks whether a challenge can prove the name: `unsupported` for a wildcard without a DNS provider. */
  canIssue(name: string): Result<void>;
  /**
   * Makes sure that there is or will be a certificate for exactly these names. Idempotent per set of names: a valid
   * certificate or an order in flight is left alone. Resolves once the order is stored; `statusOf` has the rest.
   */
  request(names: readonly string[], reason: CertificateReason): Promise<Result<void>>;
  /** Returns what there is for one name. */
  statusOf(name: string): Promise<CertificateStatus>;
  /** Returns every certificate, the first to expire first. */
  list(): Promise<readonly Certificate[]>;
  /**
   * Stores a certificate of the user's: the leaf first, in PEM. `invalid_input` for a chain out of order, another key,
   * an expired certificate, or RSA under 2048 bits. Served at once for the names it covers.
   */
  upload(chainPem: string, keyPem: string): Promise<Result<Certificate>>;
  /** Checks an upload without storing it. */
  inspect(chainPem: string, keyPem: string): Promise<Result<Certificate>>;
  /** Orders a replacement now, whatever its age; `not_found` for a name without one, `unsupported` for an upload. */
  renew(name: string): Promise<Result<void>>;
  /**
   * Removes the certificates and orders for this name, except those that are also for one that `isUsed`. An absent one is
   * no error.
   */
  remove(name: string, isUsed: (other: string) => Promise<boolean>): Promise<void>;
  /** Removes uploads that are for this name, among others too: its new owner must not be served with them. */
  removeUploads(name: string): Promise<void>;
  /**
   * Does what is due: continues orders, renews, retries. Orders fail alone. Returns when (milliseconds since the epoch)
   * it wants to be called again at the latest.
   */
  tick(signal?: AbortSignal): Promise<number>;
}
