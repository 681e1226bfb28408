import type { Certificate } from '@anchor/core/ports/certificates.ts';
import { coversName } from './chain/certificate-names.ts';
import type { OrderRecord, StoredCertificate, Tables } from './records/records.ts';

/** A certificate without its chain and key, which stay in the database: 5,000 of these take two megabytes. */
export type IndexedCertificate = Certificate &
  Readonly<{ checkAt: number | undefined; authority: string | undefined; published: boolean }>;

/** What is stored, in memory and by name. The tables keep it current. */
export class CertificateIndex {
  readonly certificates = new Map<string, IndexedCertificate>();
  readonly orders = new Map<string, OrderRecord>();
  readonly #byName = new Map<string, Set<string>>();
  readonly #ordersByName = new Map<string, Set<string>>();

  /** Reads everything once, and follows every later change. */
  static async open(tables: Pick<Tables, 'certificates' | 'orders'>): Promise<CertificateIndex> {
    const index = new CertificateIndex();
    tables.certificates.observe((id, value) => index.#setCertificate(id, value));
    tables.orders.observe((id, value) => index.#setOrder(id, value));
    for (const { id, value } of await tables.certificates.list()) index.#setCertificate(id, value);
    for (const { id, value } of await tables.orders.list()) index.#setOrder(id, value);
    return index;
  }

  /** Returns the certificate that is served for a name: a valid one, of the exact name before a wildcard. */
  find(name: string, now: number): IndexedCertificate | undefined {
    const dot = name.indexOf('.');
    const patterns = [name, ...(dot > 0 ? [`*${name.slice(dot)}`] : [])];
    for (const valid of [true, false])
      for (const pattern of patterns) {
        const found = this.#named(pattern)
          .filter(({ notAfter, names }) => notAfter > now === valid && coversName(names, name))
          .toSorted((a, b) => Number(b.origin === 'upload') - Number(a.origin === 'upload') || b.notAfter - a.notAfter);
        if (found[0] !== undefined) return found[0];
      }
    return undefined;
  }

  /** Returns the id of the order for a set of names that includes this one; the one that was made last. */
  orderOf(name: string): string | undefined {
    const since = (id: string): number => this.orders.get(id)?.since ?? 0;
    return [...(this.#ordersByName.get(name) ?? [])].toSorted((a, b) => since(b) - since(a))[0];
  }

  #named(pattern: string): readonly IndexedCertificate[] {
    return [...(this.#byName.get(pattern) ?? [])].flatMap((id) => this.certificates.get(id) ?? []);
  }

  #setCertificate(id: string, value: StoredCertificate | undefined): void {
    link(this.#byName, id, this.certificates.get(id)?.names, value?.names);
    if (value === undefined) this.certificates.delete(id);
    else this.certificates.set(id, indexed(id, value));
  }

  #setOrder(id: string, value: OrderRecord | undefined): void {
    link(this.#ordersByName, id, this.orders.get(id)?.names, value?.names);
    if (value === undefined) this.orders.delete(id);
    else this.orders.set(id, value);
  }
}

function link(
  map: Map<string, Set<string>>,
  id: string,
  before: readonly string[] = [],
  after: readonly string[] = [],
): void {
  for (const name of before) {
    const ids = map.get(name);
    ids?.delete(id);
    if (ids?.size === 0) map.delete(name);
  }
  for (const name of after) map.set(name, (map.get(name) ?? new Set()).add(id));
}

function indexed(id: string, value: StoredCertificate): IndexedCertificate {
  const { names, origin, issuer, notBefore, notAfter, renewAt, renewals, fingerprint, checkAt, published } = value;
  const { authority } = value;
  const renewal = renewAt === undefined ? {} : { renewAt };
  return {
    id,
    names,
    origin,
    issuer,
    notBefore,
    notAfter,
    ...renewal,
    renewals,
    fingerprint,
    checkAt,
    authority,
    published,
  };
}

/** Returns a certificate as the port has it. */
export function certificateOf(indexedCertificate: IndexedCertificate): Certificate {
  const { checkAt: _checkAt, authority: _authority, published: _published, ...certificate } = indexedCertificate;
  return certificate;
}
