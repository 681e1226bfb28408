import type { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';

/** Returns the names and addresses that a certificate is for, in lower case. The common name does not count. */
export function namesOf(certificate: X509Certificate): readonly string[] {
  // Node quotes a name that holds a comma or a quote: no host name does, so such a list has none of use.
  const text = certificate.subjectAltName ?? '';
  if (text.includes('"')) return [];
  return text.split(', ').flatMap((entry) => {
    const [, kind, value = ''] = /^(DNS|IP Address):(.+)$/.exec(entry) ?? [];
    if (kind === undefined) return [];
    return [kind === 'DNS' ? value.toLowerCase() : canonicalAddress(value)];
  });
}

/** Returns an IPv6 address as RFC 5952 writes it; an IPv4 address is written in one way only. */
export function canonicalAddress(address: string): string {
  if (isIP(address) !== 6) return address;
  return new URL(`http://[${address}]`).hostname.slice(1, -1);
}

/** Returns whether one of a certificate's names covers a name: itself, or a wildcard in place of its first label. */
export function coversName(names: readonly string[], name: string): boolean {
  if (names.includes(name)) return true;
  const dot = name.indexOf('.');
  return dot > 0 && isIP(name) === 0 && !name.startsWith('*.') && names.includes(`*${name.slice(dot)}`);
}
