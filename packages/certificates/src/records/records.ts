import { createHash } from 'node:crypto';
import { isIP } from 'node:net';
import type { CertificateStore } from '@anchor/core/ports/certificate-store.ts';
import { anchorError, ERROR_CODES } from '@anchor/core/result/result.ts';
import { z } from 'zod';
import { RecordTable } from './record-table.ts';

const names = z.array(z.string()).min(1);
const failure = z
  .object({ code: z.enum(ERROR_CODES), message: z.string(), cause: z.string().optional(), fix: z.string() })
  .transform(({ code, message, cause, fix }) => anchorError(code, message, fix, cause));

const account = z.object({ directoryUrl: z.string(), sealedKey: z.string(), url: z.string().optional() });
export type AccountRecord = Readonly<z.infer<typeof account>>;

const localAuthority = z.object({ certificatePem: z.string(), sealedKey: z.string(), notAfter: z.number() });
export type LocalAuthorityRecord = Readonly<z.infer<typeof localAuthority>>;

/** Times of what counts against a limit, oldest first. */
const budget = z.object({ times: z.array(z.number()) });
export type BudgetRecord = Readonly<z.infer<typeof budget>>;

const certificate = z.object({
  names,
  origin: z.enum(['acme', 'upload', 'local']),
  /** The CA that it was ordered from; absent for others. */
  authority: z.string().optional(),
  issuer: z.string(),
  chainPem: z.string(),
  sealedKey: z.string(),
  notBefore: z.number(),
  notAfter: z.number(),
  /** When it is renewed; absent for uploads. */
  renewAt: z.number().optional(),
  /** When the renewal information of the CA is read next. */
  checkAt: z.number().optional(),
  /** How often it was renewed without a gap. */
  renewals: z.number(),
  /** SHA-256 of the leaf in hex. */
  fingerprint: z.string(),
  /** Whether the edge has it. */
  published: z.boolean(),
});
export type StoredCertificate = Readonly<z.infer<typeof certificate>>;

const challenge = z.object({
  type: z.enum(['http-01', 'tls-alpn-01', 'dns-01', 'dns-persist-01']),
  name: z.string(),
  url: z.string(),
  authorizationUrl: z.string(),
  token: z.string(),
  authorization: z.string(),
  /** The TXT record of the DNS challenges. */
  record: z.object({ name: z.string(), value: z.string() }).optional(),
});
export type ChallengeRecord = Readonly<z.infer<typeof challenge>>;

/**
 * Steps of an order, in their order. Each is stored before it is acted on, so that a process that starts in any of them
 * continues there:
 * - `queued`: nothing was sent
 * - `placing`: the order may or may not exist at the CA
 * - `authorizing`: it exists; challenges are stored before they are published
 * - `finalizing`: it has been validated; the key is stored before the CSR is sent
 */
export const ORDER_STEPS = ['queued', 'placing', 'authorizing', 'finalizing'] as const;
export type OrderStep = (typeof ORDER_STEPS)[number];

const order = z.object({
  names,
  reason: z.enum(['domain', 'platform', 'renewal']),
  since: z.number(),
  authority: z.string(),
  step: z.enum(ORDER_STEPS),
  /** The key of the certificate, made for this order alone. */
  sealedKey: z.string().optional(),
  url: z.string().optional(),
  challenges: z.array(challenge),
  /** Failures since the order was made, and since it moved to its present CA. */
  failures: z.number(),
  failuresHere: z.number(),
  /** The last failure, and when it happened. */
  failure: failure.optional(),
  failedAt: z.number().optional(),
  nextAt: z.number(),
  /** Until when a CA takes no order of these names, by its name. */
  blocked: z.record(z.string(), z.number()),
  /** CAs that may have an order of these names whose URL is unknown here, since the response was lost. */
  unconfirmed: z.array(z.string()).optional(),
});
export type OrderRecord = Readonly<z.infer<typeof order>>;

/** Every table of the adapter. */
export type Tables = Readonly<{
  accounts: RecordTable<AccountRecord>;
  authorities: RecordTable<LocalAuthorityRecord>;
  budgets: RecordTable<BudgetRecord>;
  certificates: RecordTable<StoredCertificate>;
  orders: RecordTable<OrderRecord>;
}>;

/** Opens the tables over a store. `onDamaged` gets the kind and id of each record that cannot be read. */
export const openTables = (store: CertificateStore, onDamaged: (record: string) => void): Tables => ({
  accounts: new RecordTable<AccountRecord>(store, 'account', account, onDamaged),
  authorities: new RecordTable<LocalAuthorityRecord>(store, 'authority', localAuthority, onDamaged),
  budgets: new RecordTable<BudgetRecord>(store, 'budget', budget, onDamaged),
  certificates: new RecordTable<StoredCertificate>(store, 'certificate', certificate, onDamaged),
  orders: new RecordTable<OrderRecord>(store, 'order', order, onDamaged),
});

/** Returns the id of a name set: equal for the same names in any order. */
export const nameSetId = (names: readonly string[]): string =>
  createHash('sha256')
    .update([...new Set(names)].sort().join(' '))
    .digest('hex')
    .slice(0, 32);

/** The context under which a key is sealed: a sealed key that is moved to another record does not open. */
export const keyContext = (kind: 'account' | 'authority' | 'certificate' | 'order', id: string): string =>
  `certificates/${kind}/${id}`;

/** Returns whether a name is an IP address. */
export const isAddress = (name: string): boolean => isIP(name) !== 0;
