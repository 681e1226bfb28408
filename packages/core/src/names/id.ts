/**
 * Identifiers are opaque, sortable by creation time, and safe in paths, host names and headers: `dpl_` + 20 of
 * [0-9a-z].
 */
export type Id<Prefix extends string> = `${Prefix}_${string}`;
export type ProjectId = Id<'prj'>;
export type DeploymentId = Id<'dpl'>;
export type DeliveryId = Id<'dlv'>;
export type VariableId = Id<'var'>;
export type TokenId = Id<'tok'>;
export type JobId = Id<'job'>;
export type DomainId = Id<'dom'>;
export type AuditId = Id<'aud'>;
export type PersonId = Id<'per'>;
export type TeamId = Id<'tem'>;
export type InvitationId = Id<'inv'>;
export type SessionId = Id<'ses'>;

const ALPHABET = '0123456789abcdefghijklmnopqrstuvwxyz';
const TIME_CHARS = 9; // base 36: covers 3,000 years of milliseconds
const RANDOM_CHARS = 11; // 56 bits

/** Creates a new identifier; `now` in milliseconds since the epoch. The random part comes from Web Crypto. */
export function newId<P extends string>(prefix: P, now: number): Id<P> {
  const time = Math.floor(now).toString(36).padStart(TIME_CHARS, '0').slice(-TIME_CHARS);
  let random = '';
  while (random.length < RANDOM_CHARS) {
    const byte = randomByte();
    if (byte < 252) random += ALPHABET[byte % 36];
  }
  return `${prefix}_${time}${random}`;
}

/** Generated in batches: the call costs more than the bytes. Each is used once. */
const pool = new Uint8Array(4_096);
let used = pool.length;
function randomByte(): number {
  if (used >= pool.length) {
    crypto.getRandomValues(pool);
    used = 0;
  }
  return pool[used++] ?? 0;
}

/** Parses an identifier of one kind; undefined for anything else. */
export function parseId<P extends string>(prefix: P, text: string): Id<P> | undefined {
  return text.startsWith(`${prefix}_`) && /^[0-9a-z]{20}$/.test(text.slice(prefix.length + 1))
    ? (text as Id<P>)
    : undefined;
}

/** Returns the part of a deployment id that is used in its host name: its last 9 characters (46 random bits). */
export const shortId = (id: DeploymentId): string => id.slice(-9);
