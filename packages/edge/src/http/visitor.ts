import { BlockList, isIP } from 'node:net';
import type { RequestHead } from '../exchange.ts';

export type Visitor = Readonly<{ ip: string; trusted: boolean }>;

/** Who asks: the peer's address, or what a trusted proxy says. IPv4 in IPv6 clothes is written as IPv4. */
export function visitorOf(trustedProxies: readonly string[]): (req: Pick<RequestHead, 'socket' | 'headers'>) => Visitor {
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
    // From the right, the first address that no trusted proxy wrote for itself. What is no address ends the search: what
    // stands before it may be anybody's word.
    let ip = peer;
    for (const part of String(req.headers['x-forwarded-for'] ?? '').split(',').toReversed()) {
      const address = plain(withoutPort(part.trim()));
      if (isIP(address) === 0) break;
      ip = address;
      if (!isTrusted(address)) break;
    }
    return { ip, trusted: true };
  };
}

/** `203.0.113.9:51515`, `[2001:db8::1]:443` and `[2001:db8::1]`, as some proxies write it. */
const withoutPort = (text: string): string => /^\[([^\]]+)\](?::\d+)?$/.exec(text)?.[1] ?? /^([\d.]+):\d+$/.exec(text)?.[1] ?? text;

const plain = (address: string): string => (address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address);
