import { isIP } from 'node:net';
import type { ServedCertificate, ServedSet } from '@anchor/core/ports/certificate-table.ts';

/**
 * Finds certificates by the name that a client connects to: a valid one before an expired one, then the exact name before
 * the wildcard above it.
 */
export class CertificateIndex {
  readonly #byName = new Map<string, ServedCertificate>();
  readonly #addresses = new Set<ServedCertificate>();

  /** Of several certificates for a name the one that expires last wins. */
  constructor({ certificates }: Pick<ServedSet, 'certificates'>) {
    for (const certificate of certificates) {
      for (const name of certificate.names) {
        const other = this.#byName.get(name);
        if (other === undefined || other.notAfter < certificate.notAfter) this.#byName.set(name, certificate);
      }
    }
    for (const [name, certificate] of this.#byName) if (isIP(name) !== 0) this.#addresses.add(certificate);
  }

  /** `name` is in lower case, without a final dot: a host name or an IP address. */
  find(name: string, now: number): ServedCertificate | undefined {
    const exact = this.#byName.get(name);
    if (exact !== undefined && exact.notAfter > now) return exact;
    const dot = name.indexOf('.');
    const wildcard = dot === -1 ? undefined : this.#byName.get(`*${name.slice(dot)}`);
    return exact === undefined || (wildcard !== undefined && wildcard.notAfter > now) ? wildcard : exact;
  }

  /** The one certificate for IP addresses, where there is one alone. */
  get onlyAddress(): ServedCertificate | undefined {
    return this.#addresses.size === 1 ? this.#addresses.values().next().value : undefined;
  }
}

/** Returns whether a certificate is for this name, as clients check it (RFC 6125: a wildcard is one label). */
export function covers({ names }: Pick<ServedCertificate, 'names'>, host: string): boolean {
  // An IPv6 address has brackets in a Host header.
  const name = host.endsWith('.') || host.startsWith('[') ? host.replace(/^\[(.*)\]$|\.$/, '$1') : host;
  const dot = name.indexOf('.');
  const wildcard = dot === -1 ? undefined : `*${name.slice(dot)}`;
  return names.some((one) => one === name || one === wildcard);
}
