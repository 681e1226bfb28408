import type { IncomingHttpHeaders } from 'node:http';
import { BlockList, isIP } from 'node:net';

/** The parts of a request that describe its origin. */
type Peer = Readonly<{ socket: Readonly<{ remoteAddress?: string | undefined }>; headers: IncomingHttpHeaders }>;

export type ClientAddress = Readonly<{ ip: string; trusted: boolean }>;

/**
 * Resolves the client's address: the peer's, or the one that a trusted proxy reports. An IPv4-mapped IPv6 address is
 * written as IPv4.
 */
export function createClientAddressResolver(trustedProxies: readonly string[]): (req: Peer) => ClientAddress {
  const none = trustedProxies.length === 0;
  const isTrusted = addressMatcher(trustedProxies);

  return (req) => {
    const peer = plain(req.socket.remoteAddress ?? '');
    if (none || !isTrusted(peer)) return { ip: peer, trusted: false };
    // Search from the right for the first address that is not a trusted proxy's own. An invalid address ends the
    // search, because any client could have written what precedes it.
    let ip = peer;
    for (const part of String(req.headers['x-forwarded-for'] ?? '')
      .split(',')
      .toReversed()) {
      const address = plain(withoutPort(part.trim()));
      if (isIP(address) === 0) break;
      ip = address;
      if (!isTrusted(address)) break;
    }
    return { ip, trusted: true };
  };
}

/** Returns a function that tells whether an address is one of `entries`: addresses or CIDR blocks. */
export function addressMatcher(entries: readonly string[]): (address: string) => boolean {
  if (entries.length === 0) return () => false;
  const list = new BlockList();
  for (const entry of entries) {
    const [address = '', bits] = entry.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (isIP(address) === 0) continue;
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  return (written) => {
    const address = plain(written);
    return isIP(address) !== 0 && list.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
  };
}

/** Removes the port from `203.0.113.9:51515`, `[2001:db8::1]:443` and `[2001:db8::1]`, as some proxies write it. */
const withoutPort = (text: string): string =>
  /^\[([^\]]+)\](?::\d+)?$/.exec(text)?.[1] ?? /^([\d.]+):\d+$/.exec(text)?.[1] ?? text;

const plain = (address: string): string =>
  address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;
