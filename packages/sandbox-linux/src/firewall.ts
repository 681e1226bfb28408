import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { PRIVATE_BLOCKS } from '@anchor/core/names/private-networks.ts';
import { run, type Ran } from './command.ts';

const SCRIPT = fileURLToPath(new URL('firewall.sh', import.meta.url));
/** One lock for every instance on the machine: they share the chains. */
const LOCK = ['flock', '-w', '30', '/run/anchor-firewall.lock'] as const;

/**
 * A cloud's own service for its machines outside the private blocks (Azure). It may still be used as a name server.
 * Those of others are in PRIVATE_BLOCKS (169.254.169.254, 100.100.100.200, 192.0.0.192) or have IPv6 only
 * (fd00:ec2::254).
 */
export const METADATA_ADDRESSES = ['168.63.129.16/32'] as const;

/** Of one sandbox: connections that are tracked at once, and new ones a second, in the long run and at once. */
export const CONNECTIONS = { atOnce: 2_000, perSecond: 200, burst: 1_000 } as const;
/** The share that each sandbox has although all together open too many: new connections a second, and at once. */
const ALWAYS = { perSecond: 20, burst: 200 } as const;
/** Seconds after which the kernel forgets a closed connection. */
const REMEMBERED_S = 120;

/**
 * Returns the rules that new connections meet first. They bound what sandboxes take of the machine's table of tracked
 * connections: half of `tableSize` at most, so that clients always get in. A refused connection fails at once, with
 * ECONNREFUSED. No sandbox is exempt, and no access depends on these rules alone: a kernel without these matches has
 * none of them.
 */
export const limitsFor = (tableSize: number, mark: string): string => {
  const half = Math.max(1, Math.floor(tableSize / 2));
  const bySandbox = (name: string, rate: string): string =>
    `-m hashlimit --hashlimit-name ${name} --hashlimit-mode srcip ${rate}`;
  return [
    '*filter',
    ':ANCHOR-LIMIT - [0:0]',
    ':ANCHOR-REFUSE - [0:0]',
    `-A ANCHOR-LIMIT -m comment --comment ${mark}`,
    `-A ANCHOR-LIMIT -m connlimit --connlimit-above ${CONNECTIONS.atOnce} --connlimit-mask 32 --connlimit-saddr -j ANCHOR-REFUSE`,
    `-A ANCHOR-LIMIT ${bySandbox('anchor-new', `--hashlimit-above ${CONNECTIONS.perSecond}/sec --hashlimit-burst ${CONNECTIONS.burst}`)} -j ANCHOR-REFUSE`,
    `-A ANCHOR-LIMIT -m connlimit --connlimit-above ${half} --connlimit-mask 0 --connlimit-saddr -j ANCHOR-REFUSE`,
    `-A ANCHOR-LIMIT ${bySandbox('anchor-few', `--hashlimit-upto ${ALWAYS.perSecond}/sec --hashlimit-burst ${ALWAYS.burst}`)} -j RETURN`,
    `-A ANCHOR-LIMIT -m limit --limit ${Math.max(1, Math.min(10_000, Math.floor(half / REMEMBERED_S)))}/sec --limit-burst ${Math.max(1, Math.min(10_000, Math.floor(half / 4)))} -j RETURN`,
    '-A ANCHOR-LIMIT -j ANCHOR-REFUSE',
    // The kernel sends few ICMP errors a second to one address, but every reset.
    '-A ANCHOR-REFUSE -p tcp -j REJECT --reject-with tcp-reset',
    '-A ANCHOR-REFUSE -j REJECT',
    'COMMIT',
    '',
  ].join('\n');
};

/** Returns how many connections the kernel tracks at most. */
function tableSize(): number {
  try {
    return Number.parseInt(readFileSync('/proc/sys/net/netfilter/nf_conntrack_max', 'utf8'), 10) || DEFAULT_TABLE;
  } catch {
    return DEFAULT_TABLE; // the module is loaded with the first rule that needs it
  }
}
const DEFAULT_TABLE = 65_536;

/** Returns the input of iptables-restore: our own chains, refilled in one step. */
export const rulesFor = (servers: readonly string[], mark: string): string => {
  const dnsRules = (chain: string): string[] =>
    servers.flatMap((server) =>
      ['udp', 'tcp'].map((protocol) => `-A ${chain} -d ${server}/32 -p ${protocol} --dport 53 -j ACCEPT`),
    );
  return [
    '*mangle',
    ':ANCHOR-SOURCE - [0:0]',
    '-A ANCHOR-SOURCE -m rpfilter --invert -j DROP', // a source address that is not the sandbox's own
    '-A ANCHOR-SOURCE -j MARK --set-mark 0x616e6368',
    'COMMIT',
    '*nat',
    ':ANCHOR-NAT - [0:0]',
    '-A ANCHOR-NAT -j MASQUERADE',
    'COMMIT',
    '*filter',
    ':ANCHOR-FORWARD - [0:0]',
    ':ANCHOR-RETURN - [0:0]',
    ':ANCHOR-INPUT - [0:0]',
    '-A ANCHOR-FORWARD -o anchor-+ -j DROP', // another sandbox
    ...dnsRules('ANCHOR-FORWARD'),
    '-A ANCHOR-FORWARD -j ANCHOR-ALLOW',
    ...[...PRIVATE_BLOCKS, ...METADATA_ADDRESSES].map((block) => `-A ANCHOR-FORWARD -d ${block} -j DROP`),
    '-A ANCHOR-FORWARD -j ACCEPT',
    '-A ANCHOR-RETURN -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
    '-A ANCHOR-RETURN -j DROP',
    `-A ANCHOR-INPUT -m comment --comment ${mark}`,
    ...dnsRules('ANCHOR-INPUT'),
    '-A ANCHOR-INPUT -j ANCHOR-ALLOW-HOST',
    '-A ANCHOR-INPUT -j DROP',
    'COMMIT',
    '',
  ].join('\n');
};

/**
 * Installs the rules when they are missing. Called after links were made: a removal by another instance sees those and
 * stays away.
 */
export const ensureFirewall = (servers: readonly string[], links: readonly string[]): Promise<Ran> => {
  const size = tableSize();
  const mark = createHash('sha256')
    .update(rulesFor(servers, '') + limitsFor(size, ''))
    .digest('hex')
    .slice(0, 16);
  return run([...LOCK, 'sh', SCRIPT, 'ensure', mark, limitsFor(size, mark), ...links], rulesFor(servers, mark));
};

/** Removes the rules when no sandbox of any instance is left. */
export const removeFirewall = (): Promise<Ran> => run([...LOCK, 'sh', SCRIPT, 'remove']);

/** Adds or removes an exception for one link; a single address may also be the machine's own. */
export const allowBlock = async (change: '-A' | '-D', link: string, block: string): Promise<Ran> => {
  const rule = ['-i', link, '-d', block, '-j', 'ACCEPT'] as const;
  const forward = await run(['iptables', '-w', change, 'ANCHOR-ALLOW', ...rule]);
  return forward.code === 0 && block.endsWith('/32')
    ? run(['iptables', '-w', change, 'ANCHOR-ALLOW-HOST', ...rule])
    : forward;
};
