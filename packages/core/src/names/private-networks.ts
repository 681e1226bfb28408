import ipaddr from 'ipaddr.js';

/**
 * IPv4 blocks that are not the public internet: own networks, carrier-grade NAT, link-local with the metadata services,
 * benchmarks, multicast, reserved.
 */
export const PRIVATE_BLOCKS = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '224.0.0.0/4',
  '240.0.0.0/4',
] as const;

/**
 * The blocks of IPv6: loopback and IPv4-compatible addresses, NAT64 (RFC 6052), 6to4 (RFC 7526, out of use), unique
 * local, link-local, site-local, multicast. NAT64 and 6to4 lead to IPv4 addresses, private ones too.
 */
const PRIVATE_BLOCKS_V6 = [
  '::/96',
  '64:ff9b::/32',
  '2002::/16',
  'fc00::/7',
  'fe80::/10',
  'fec0::/10',
  'ff00::/8',
] as const;

const blocks = [...PRIVATE_BLOCKS, ...PRIVATE_BLOCKS_V6].map((block) => ipaddr.parseCIDR(block));

/**
 * Returns true for an address in a private block, and for what looks like an IPv6 address and is none. False for a
 * name. IPv4 inside IPv6 (`::ffff:10.0.0.1`) is judged as IPv4.
 */
export function isPrivateAddress(address: string): boolean {
  if (!ipaddr.isValid(address)) return address.includes(':');
  const parsed = ipaddr.process(address);
  return blocks.some((block) => parsed.kind() === block[0].kind() && parsed.match(block));
}
