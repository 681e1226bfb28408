import { isIP } from 'node:net';

/**
 * Returns the server name that a CA sends for tls-alpn-01: a name itself, and for an address its reverse name
 * (RFC 8738, section 6), since a server name cannot be an address.
 */
export function reverseName(name: string): string {
  const family = isIP(name);
  if (family === 0) return name;
  if (family === 4) return `${name.split('.').toReversed().join('.')}.in-addr.arpa`;
  const [head = '', tail] = name.split('::');
  const groups = (text: string | undefined): readonly string[] =>
    text === undefined || text === '' ? [] : text.split(':');
  const zeros = Array.from({ length: 8 - groups(head).length - groups(tail).length }, () => '0');
  const all = tail === undefined ? groups(head) : [...groups(head), ...zeros, ...groups(tail)];
  const digits = all.map((group) => group.padStart(4, '0')).join('');
  return `${[...digits].toReversed().join('.')}.ip6.arpa`;
}
