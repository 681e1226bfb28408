/** What a record of certificates is about; the adapter that issues certificates defines what `doc` holds. */
export type CertificateRecordKind = 'account' | 'authority' | 'budget' | 'certificate' | 'order';

/** One record: JSON of at most 400 KB in `doc`. Private keys in it are sealed by a `SecretBox`. */
export type CertificateRecord = Readonly<{ kind: CertificateRecordKind; id: string; version: number; doc: string }>;

/**
 * Where certificates, their orders and accounts are stored. Unique: (kind, id). Promises what `Store` does: conditional
 * writes that are durable when they resolve, and strongly consistent reads.
 */
export interface CertificateStore {
  /** Returns a record; undefined when there is none. */
  get(kind: CertificateRecordKind, id: string): Promise<CertificateRecord | undefined>;
  /** Returns all records of a kind, in no order. */
  list(kind: CertificateRecordKind): Promise<readonly CertificateRecord[]>;
  /** Writes when the stored version is `record.version - 1`; version 1 means "must not exist". Returns whether it did. */
  put(record: CertificateRecord): Promise<boolean>;
  /** Removes a record; an absent one is no error. */
  remove(kind: CertificateRecordKind, id: string): Promise<void>;
}
