import type { Certificate, Certificates, CertificateStatus, FailedTry } from '@anchor/core/ports/certificates.ts';
import { fail, ok } from '@anchor/core/result/result.ts';

const DAY = 24 * 60 * 60 * 1000;
const AUTHORITY = { name: 'Test CA', directory: 'https://ca.test/dir', caa: ['ca.test'] };

export type MemoryCertificates = Certificates & {
  /** The names of every order, oldest first. */
  readonly orders: readonly string[];
  /** False: no CA is configured. */
  hasAuthority: boolean;
  /** Whether wildcards can be proven, which needs a DNS provider. */
  hasProvider: boolean;
  /** How far the clock is ahead of the CA's. */
  skewMs: number;
  /** Completes the order in flight of a name. */
  issue(name: string, lifetimeMs?: number): Certificate;
  /** Completes every order in flight. */
  issueAll(): void;
  /** Fails the order in flight of a name. */
  refuse(name: string, failed: FailedTry): void;
};

type Entry = { certificate?: Certificate; order?: { since: number; step: 'challenge' }; failed?: FailedTry };

/** Creates certificates without keys or a CA: a test completes the orders. Of uploads each line is a name. */
export function memoryCertificates(now: () => number): MemoryCertificates {
  const entries = new Map<string, Entry>();
  const orders: string[] = [];
  let count = 0;
  const entryOf = (name: string): Entry => {
    const entry = entries.get(name) ?? {};
    entries.set(name, entry);
    return entry;
  };
  const make = (
    names: readonly [string, ...string[]],
    origin: Certificate['origin'],
    lifetimeMs: number,
  ): Certificate => {
    count += 1;
    const at = now();
    const { certificate: before } = entryOf(names[0]);
    const renewals = before === undefined || before.notAfter < at ? 0 : before.renewals + 1;
    return {
      id: `crt_${count}`,
      names,
      origin,
      issuer: AUTHORITY.name,
      notBefore: at,
      notAfter: at + lifetimeMs,
      ...(origin === 'upload' ? {} : { renewAt: at + (lifetimeMs * 2) / 3 }),
      renewals,
      fingerprint: count.toString(16).padStart(64, '0'),
    };
  };
  const wildcardOf = (name: string): string => `*${name.slice(name.indexOf('.'))}`;
  const subject: MemoryCertificates = {
    orders,
    hasAuthority: true,
    hasProvider: true,
    skewMs: 0,
    authorities: () => (subject.hasAuthority ? [AUTHORITY] : []),
    clockSkewMs: () => subject.skewMs,
    canIssue: (name) => {
      if (!subject.hasAuthority) return fail('unsupported', 'No CA is set up', 'Start with --https-port.');
      if (name.startsWith('*.') && !subject.hasProvider)
        return fail('unsupported', `${name} needs a DNS provider`, 'Start with --dns-providers.');
      return ok(undefined);
    },
    request: async (names) => {
      for (const name of names) {
        const entry = entryOf(name);
        if (entry.order !== undefined || (entry.certificate !== undefined && entry.certificate.notAfter > now()))
          continue;
        entry.order = { since: now(), step: 'challenge' };
        delete entry.failed;
        orders.push(name);
      }
      return ok(undefined);
    },
    statusOf: async (name): Promise<CertificateStatus> => {
      const own = entries.get(name);
      return structuredClone(own?.certificate === undefined ? { ...entries.get(wildcardOf(name)), ...own } : own);
    },
    list: async () =>
      [...new Set([...entries.values()].flatMap(({ certificate }) => certificate ?? []))].toSorted(
        (a, b) => a.notAfter - b.notAfter,
      ),
    inspect: async (chainPem) => {
      const [first = '', ...others] = chainPem.trim().split('\n');
      if (!first.includes('.')) return fail('invalid_input', 'The chain is not PEM', 'Pass a certificate in PEM.');
      return ok(make([first, ...others], 'upload', 90 * DAY));
    },
    async upload(chainPem, keyPem) {
      const checked = await subject.inspect(chainPem, keyPem);
      if (checked.ok) for (const name of checked.value.names) entryOf(name).certificate = checked.value;
      return checked;
    },
    renew: async (name) => {
      const entry = entries.get(name);
      if (entry?.certificate === undefined) return fail('not_found', `There is no certificate for ${name}`, 'Add it.');
      if (entry.certificate.origin === 'upload')
        return fail('unsupported', `The certificate of ${name} was uploaded`, 'Upload a new one.');
      entry.order ??= { since: now(), step: 'challenge' };
      orders.push(name);
      return ok(undefined);
    },
    async remove(name, isUsed) {
      const { certificate } = entries.get(name) ?? {};
      const names = certificate?.names ?? [name];
      for (const other of names) if (other !== name && (await isUsed(other))) return;
      for (const each of names)
        if (each === name || entries.get(each)?.certificate === certificate) entries.delete(each);
    },
    async removeUploads(name) {
      for (const entry of entries.values())
        if (entry.certificate?.origin === 'upload' && entry.certificate.names.includes(name)) delete entry.certificate;
    },
    tick: async () => now() + DAY,
    issue(name, lifetimeMs = 90 * DAY) {
      const entry = entryOf(name);
      const certificate = make([name], 'acme', lifetimeMs);
      entries.set(name, { ...entry, certificate });
      delete entryOf(name).order;
      delete entryOf(name).failed;
      return certificate;
    },
    issueAll() {
      for (const [name, { order }] of entries) if (order !== undefined) subject.issue(name);
    },
    refuse(name, failed) {
      const entry = entryOf(name);
      delete entry.order;
      entry.failed = failed;
    },
  };
  return subject;
}
