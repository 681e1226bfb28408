/** The TCP ports on which programs of this network namespace listen, as the kernel lists them (proc_net_tcp(5)). */
import { readFileSync } from 'node:fs';

/** `host`: the address at which a program of the sandbox reaches it. */
export type ListeningPort = Readonly<{ port: number; host: string }>;

const TABLES = ['/proc/net/tcp', '/proc/net/tcp6'] as const;
/** The state TCP_LISTEN. */
const LISTENS = '0A';

export const listeningPorts = (): readonly ListeningPort[] => TABLES.flatMap((table) => parseTable(read(table)));

/** Parses a table. Lines that are not understood are left out. */
export const parseTable = (text: string): readonly ListeningPort[] =>
  text.split('\n').flatMap((line) => {
    const [, address = '', port = '', state] =
      /^\s*\d+: ([0-9A-F]+):([0-9A-F]{4}) [0-9A-F]+:[0-9A-F]{4} (\w\w) /.exec(line) ?? [];
    return state === LISTENS ? [{ port: Number.parseInt(port, 16), host: hostOf(address) }] : [];
  });

/**
 * Returns the port that serves the site: `wanted`, else the first that is none of metrics and debuggers. Ports of the
 * loopback count, since a program may listen there alone.
 */
export function siteAmong(found: readonly ListeningPort[], wanted: number): ListeningPort | undefined {
  const beside = (port: number): boolean => port === 9229 || (port >= 9090 && port <= 9499);
  return (
    found.find(({ port }) => port === wanted) ??
    found.find(({ port }) => !beside(port) && port < 32_768) ??
    found.find(({ port }) => !beside(port))
  );
}

/** Words of four bytes in the order of the machine, which is little-endian on all that the platform runs on. */
function hostOf(hex: string): string {
  const words = hex.match(/.{8}/g) ?? [];
  const bytes = words.flatMap((word) =>
    (word.match(/../g) ?? []).toReversed().map((byte) => Number.parseInt(byte, 16)),
  );
  if (bytes.length === 4) return bytes.every((byte) => byte === 0) ? '127.0.0.1' : bytes.join('.');
  if (bytes.every((byte) => byte === 0)) return '127.0.0.1'; // both families, unless it wants IPv6 alone
  if (bytes.slice(0, 12).join() === '0,0,0,0,0,0,0,0,0,0,255,255') return bytes.slice(12).join('.');
  return words
    .map((_word, i) => bytes.slice(i * 4, i * 4 + 4))
    .flatMap(([a = 0, b = 0, c = 0, d = 0]) => [(a << 8) | b, (c << 8) | d])
    .map((part) => part.toString(16))
    .join(':');
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return ''; // without IPv6 there is no second table
  }
}
