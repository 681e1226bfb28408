import { BlockList, isIP } from 'node:net';
import type { RequestHead } from '../exchange.ts';

export type Visitor = Readonly<{ ip: string; trusted: boolean }>;

/** Who asks: the peer's address, or what a trusted proxy says. IPv4 in IPv6 clothes is written as IPv4. */
export function visitorOf(trustedProxies: readonly string[]): (req: RequestHead) => Visitor {
  const trusted = new BlockList();
  for (const entry of trustedProxies) {
    const [address = '', bits] = entry.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (isIP(address) === 0) continue;
    if (bits === undefined) trusted.addAddress(address, family);
    else trusted.addSubnet(address, Number(bits), family);
  }
  const none = trustedProxies.length === 0;
  const isTrusted = (address: string): boolean => isIP(address) !== 0 && trusted.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');

  return (req) => {
    const peer = plain(req.socket.remoteAddress ?? '');
    if (none || !isTrusted(peer)) return { ip: peer, trusted: false };
    // From the right, the first address that no trusted proxy wrote for itself.
    const chain = String(req.headers['x-forwarded-for'] ?? '').split(',').map((part) => plain(part.trim())).filter((part) => isIP(part) !== 0);
    for (let i = chain.length - 1; i >= 0; i--) {
      const address = chain[i] ?? '';
      if (!isTrusted(address) || i === 0) return { ip: address, trusted: true };
    }
    return { ip: peer, trusted: true };
  };
}

const plain = (address: string): string => (address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address);
