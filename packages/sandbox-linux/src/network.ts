import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { randomInt } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';
import { formatBlock, freeRange, parseBlock, toAddress, type Block } from './addresses.ts';
import { run, TOOL_ENV } from './command.ts';
import { allowBlock, ensureFirewall } from './firewall.ts';

const NETNS = fileURLToPath(new URL('netns.sh', import.meta.url));

/**
 * A network namespace with one link to the machine, held open by a file descriptor of this process: it ends with us.
 */
export type Network = Readonly<{
  namespace: string;
  link: string;
  allow(blocks: readonly string[]): Promise<Result<void>>;
  close(): Promise<void>;
}>;

const refused = (why: string): Result<never> =>
  fail(
    'sandbox_unavailable',
    'A network for a sandbox could not be made',
    'The platform needs root, iproute2 and iptables with conntrack, rpfilter and NAT: apt-get install iproute2 iptables',
    why,
  );

/** Creates `count` networks, and makes sure that the packet rules are in place before any is used. */
export const makeNetworks = async (
  instance: string,
  servers: readonly string[],
  count: number,
): Promise<Result<readonly Network[]>> => {
  const routes = await run(['ip', '-4', '-json', 'route', 'show', 'table', 'all']);
  const range = routes.code === 0 ? freeRange(parseRoutes(routes.stdout)) : undefined;
  if (range === undefined)
    return refused(routes.stderr || 'every address range that sandboxes may use is taken by a route of this machine');
  const mtu = uplinkMtu(parseRoutes(routes.stdout));
  const made: Network[] = [];
  for (let index = 0; index < count; index++) {
    const network = await makeNetwork(instance, range, mtu);
    if (!network.ok) return closeAll(made, network);
    made.push(network.value);
  }
  forwardPackets();
  const rules = await ensureFirewall(
    servers,
    made.map((network) => network.link),
  );
  return rules.code === 0
    ? ok(made)
    : closeAll(made, refused(rules.stderr.trim() || `iptables ended with ${rules.code}`));
};

const closeAll = async (networks: readonly Network[], result: Result<never>): Promise<Result<never>> => {
  await Promise.all(networks.map((network) => network.close()));
  return result;
};

type Route = Readonly<{ dst?: string; dev?: string }>;
const parseRoutes = (text: string): readonly Route[] => {
  try {
    const routes: unknown = JSON.parse(text);
    return Array.isArray(routes)
      ? routes.filter((route): route is Route => typeof route === 'object' && route !== null)
      : [];
  } catch {
    return [];
  }
};

const uplinkMtu = (routes: readonly Route[]): string => {
  const dev = routes.find((route) => route.dst === 'default')?.dev;
  const file = `/sys/class/net/${dev}/mtu`;
  return dev !== undefined && existsSync(file) ? readFileSync(file, 'utf8').trim() : '1500';
};

const makeNetwork = async (instance: string, range: Block, mtu: string): Promise<Result<Network>> => {
  const child = spawn('unshare', ['--net', 'sh', NETNS], { env: TOOL_ENV, cwd: '/', stdio: 'pipe' });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  child.stdin.on('error', () => {});
  const ended = once(child, 'close').then(
    ([code]: unknown[]) => code,
    (error: Error) => void (errors += error.message),
  );
  const ready = await Promise.race([once(child.stdout, 'data').then(() => true), ended.then(() => false)]);
  if (!ready || child.pid === undefined) return refused(errors.trim());
  const descriptor = openSync(`/proc/${child.pid}/ns/net`, 'r');
  const giveUp = async (why: string, link?: string): Promise<Result<never>> => {
    child.stdin.end();
    await ended;
    closeSync(descriptor);
    if (link !== undefined) await run(['ip', 'link', 'del', link]);
    return refused(why.trim());
  };
  const claimed = await claimLink(instance, range, child.pid, mtu);
  if (!claimed.ok) return giveUp(claimed.error.cause ?? claimed.error.message);
  const { link, ours, theirs } = claimed.value;
  child.stdin.end(
    `link set lo up\nlink set eth0 addrgenmode none\naddr add ${theirs}/30 dev eth0\nlink set eth0 up\nroute add default via ${ours}\n`,
  );
  if ((await ended) !== 0) return giveUp(errors, link);
  return ok(openNetwork(link, descriptor));
};

/**
 * Takes an unused /30 without coordination: the link's name is made from the block's number, and the kernel refuses a
 * second link of one name, also to another instance of the platform.
 */
const claimLink = async (
  instance: string,
  range: Block,
  pid: number,
  mtu: string,
): Promise<Result<Readonly<{ link: string; ours: string; theirs: string }>>> => {
  let problem = '';
  for (let attempt = 0; attempt < 50; attempt++) {
    const base = range.base + 4 * randomInt(1, 2 ** (30 - range.bits));
    const link = `anchor-${base.toString(16)}`;
    const [ours, theirs] = [toAddress(base + 1), toAddress(base + 2)];
    const added = await run([
      'ip',
      'link',
      'add',
      link,
      'mtu',
      mtu,
      'type',
      'veth',
      'peer',
      'name',
      'eth0',
      'mtu',
      mtu,
      'netns',
      String(pid),
    ]);
    problem = added.stderr;
    if (added.code !== 0 && /exists/.test(added.stderr)) continue;
    if (added.code !== 0) break;
    // No IPv6 towards the sandbox: its link-local address would reach whatever listens on this machine.
    for (const [file, value] of [
      [`/proc/sys/net/ipv6/conf/${link}/disable_ipv6`, '1'],
      [`/proc/sys/net/ipv4/conf/${link}/rp_filter`, '1'],
    ] as const) {
      if (existsSync(file)) writeFileSync(file, value);
    }
    const set = await run(
      ['ip', '-batch', '-'],
      `link set ${link} alias anchor-${instance}\naddr add ${ours}/30 dev ${link}\nlink set ${link} up\n`,
    );
    if (set.code === 0) return ok({ link, ours, theirs });
    await run(['ip', 'link', 'del', link]);
    problem = set.stderr;
    break;
  }
  return refused(problem.trim());
};

/** Lets the machine pass packets on between sandboxes' links and its own. */
export const forwardPackets = (): void => {
  const file = '/proc/sys/net/ipv4/ip_forward';
  if (readFileSync(file, 'utf8').trim() !== '1') writeFileSync(file, '1');
};

const openNetwork = (link: string, descriptor: number): Network => {
  const allowed: string[] = [];
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    for (const block of allowed) await allowBlock('-D', link, block);
    // The link goes first and at once; the kernel clears the namespace away later in its own time.
    await run(['ip', 'link', 'del', link]);
    closeSync(descriptor);
  };
  return {
    namespace: `/proc/${process.pid}/fd/${descriptor}`,
    link,
    async allow(blocks) {
      for (const text of blocks) {
        const block = parseBlock(text);
        if (!block.ok) return block;
        allowed.push(formatBlock(block.value));
        const added = await allowBlock('-A', link, formatBlock(block.value));
        if (added.code !== 0) return refused(added.stderr.trim());
      }
      return ok(undefined);
    },
    close: () => (closing ??= close()),
  };
};
