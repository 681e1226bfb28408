import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { run, type Ran } from './command.ts';

const SCRIPT = fileURLToPath(new URL('firewall.sh', import.meta.url));
/** One lock for every instance on the machine: they share the chains. */
const LOCK = ['flock', '-w', '30', '/run/anchor-firewall.lock'] as const;

/** Not the internet: own networks, carrier-grade NAT, link-local with the metadata services, benchmarks, multicast, reserved. */
export const PRIVATE_BLOCKS = [
  '0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.0.0.0/24',
  '192.168.0.0/16', '198.18.0.0/15', '224.0.0.0/4', '240.0.0.0/4',
] as const;

/** What iptables-restore reads: our own chains, refilled in one step. */
export const rulesFor = (servers: readonly string[], mark: string): string => {
  const ask = (chain: string): string[] =>
    servers.flatMap((server) => ['udp', 'tcp'].map((protocol) => `-A ${chain} -d ${server}/32 -p ${protocol} --dport 53 -j ACCEPT`));
  return [
    '*mangle', ':ANCHOR-SOURCE - [0:0]',
    '-A ANCHOR-SOURCE -m rpfilter --invert -j DROP', // a source address that is not the sandbox's own
    '-A ANCHOR-SOURCE -j MARK --set-mark 0x616e6368', 'COMMIT',
    '*nat', ':ANCHOR-NAT - [0:0]', '-A ANCHOR-NAT -j MASQUERADE', 'COMMIT',
    '*filter', ':ANCHOR-FORWARD - [0:0]', ':ANCHOR-RETURN - [0:0]', ':ANCHOR-INPUT - [0:0]',
    '-A ANCHOR-FORWARD -o anchor-+ -j DROP', // another sandbox
    ...ask('ANCHOR-FORWARD'), '-A ANCHOR-FORWARD -j ANCHOR-ALLOW',
    ...PRIVATE_BLOCKS.map((block) => `-A ANCHOR-FORWARD -d ${block} -j DROP`),
    '-A ANCHOR-FORWARD -j ACCEPT',
    '-A ANCHOR-RETURN -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT', '-A ANCHOR-RETURN -j DROP',
    `-A ANCHOR-INPUT -m comment --comment ${mark}`,
    ...ask('ANCHOR-INPUT'), '-A ANCHOR-INPUT -j ANCHOR-ALLOW-HOST', '-A ANCHOR-INPUT -j DROP',
    'COMMIT', '',
  ].join('\n');
};

/** Installs the rules when they are missing. Called after links were made: a removal by another instance sees those and stays away. */
export const ensureFirewall = (servers: readonly string[], links: readonly string[]): Promise<Ran> => {
  const mark = createHash('sha256').update(rulesFor(servers, '')).digest('hex').slice(0, 16);
  return run([...LOCK, 'sh', SCRIPT, 'ensure', mark, ...links], rulesFor(servers, mark));
};

/** Removes the rules when no sandbox of any instance is left. */
export const removeFirewall = (): Promise<Ran> => run([...LOCK, 'sh', SCRIPT, 'remove']);

/** An exception for one link; a single address may also be the machine's own. */
export const allowBlock = async (change: '-A' | '-D', link: string, block: string): Promise<Ran> => {
  const rule = ['-i', link, '-d', block, '-j', 'ACCEPT'] as const;
  const forward = await run(['iptables', '-w', change, 'ANCHOR-ALLOW', ...rule]);
  return forward.code === 0 && block.endsWith('/32') ? run(['iptables', '-w', change, 'ANCHOR-ALLOW-HOST', ...rule]) : forward;
};
