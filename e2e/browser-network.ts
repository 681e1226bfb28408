/**
 * A stable network for a browser: Chromium aborts what it loads (ERR_NETWORK_CHANGED) when an interface of the machine
 * appears or disappears, and each sandbox of a platform has one. The browser runs in a network namespace of its own.
 * Its connections leave it through a socket file, as SOCKS 5, to this machine's loopback.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export type BrowserNetwork = Readonly<{
  /** The program to start in place of the browser. */
  program: string;
  /** Arguments that the browser needs inside. */
  args: readonly string[];
  /** Resolves when the browser can connect. */
  ready: Promise<void>;
  close(): Promise<void>;
}>;

const PORT = 1080;
/** Inside, for as long as its first connection is open: each connection to the port becomes one to the socket file. */
const RELAY = `
const { connect, createServer } = require('node:net');
const [path] = process.argv.slice(2);
createServer((inside) => {
  const outside = connect(path);
  inside.on('error', () => {}).on('close', () => outside.destroy()).pipe(outside);
  outside.on('error', () => {}).on('close', () => inside.destroy()).pipe(inside);
}).listen(${PORT}, '127.0.0.1', () => connect(path).on('error', () => {}).on('close', () => process.exit()).resume());
`;
/** An interface beside the loopback, or the browser counts as offline; without IPv6, whose addresses come later. */
const INSIDE = `
echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6
ip link set lo up
ip link add online type veth peer name other
ip addr add 192.0.2.1/32 dev online
ip link set other up
ip link set online up
"$NODE" "$RELAY" "$SOCKET" 3<&- 4>&- > /dev/null 2>&1 &
exec "$BROWSER" "$@"
`;

export async function openBrowserNetwork(browser: string): Promise<BrowserNetwork> {
  const directory = await mkdtemp(join(tmpdir(), 'anchor-test-browser-'));
  const at = (name: string): string => join(directory, name);
  const sockets = new Set<Socket>();
  let relayIsThere: () => void = () => undefined;
  const ready = new Promise<void>((resolve) => {
    relayIsThere = resolve;
  });
  const server = createServer((socket) => {
    if (sockets.size > 0) connectOut(socket);
    else relayIsThere();
    sockets.add(socket);
    socket.on('error', () => undefined).resume();
  });
  await new Promise<void>((resolve) => server.listen(at('socket'), resolve));
  await writeFile(at('relay.cjs'), RELAY);
  const variables = { NODE: process.execPath, RELAY: at('relay.cjs'), SOCKET: at('socket'), BROWSER: browser };
  const assignments = Object.entries(variables).map(([name, value]) => `${name}='${value}'`);
  await writeFile(at('inside'), [...assignments, INSIDE].join('\n'));
  await writeFile(at('browser'), `#!/bin/sh\nexec unshare --net -- sh '${at('inside')}' "$@"\n`, { mode: 0o755 });
  return {
    program: at('browser'),
    args: [`--proxy-server=socks5://127.0.0.1:${PORT}`, '--proxy-bypass-list=<-loopback>'],
    ready,
    close: () => close(server, sockets, directory),
  };
}

async function close(server: Server, sockets: ReadonlySet<Socket>, directory: string): Promise<void> {
  for (const socket of sockets) socket.destroy();
  await new Promise<void>((resolve) => server.close(() => resolve()));
  await rm(directory, { recursive: true, force: true });
}

/** Serves SOCKS 5 (RFC 1928): no authentication, CONNECT only, and any name is this machine. */
function connectOut(socket: Socket): void {
  let received = Buffer.alloc(0);
  let greeted = false;
  const read = (bytes: Buffer): void => {
    received = Buffer.concat([received, bytes]);
    const length = received[1] ?? 0;
    if (!greeted && received.length >= 2 + length) {
      greeted = true;
      received = received.subarray(2 + length);
      socket.write(Uint8Array.of(5, 0));
    }
    const end = greeted ? endOfRequest(received) : undefined;
    if (end === undefined || received.length < end) return;
    socket.off('data', read).pause();
    const target = connect(received.readUInt16BE(end - 2), '127.0.0.1');
    const reply = (code: number): boolean => socket.write(Uint8Array.of(5, code, 0, 1, 0, 0, 0, 0, 0, 0));
    target.once('connect', () => {
      reply(0);
      target.write(received.subarray(end));
      socket.pipe(target).pipe(socket);
    });
    target.on('error', () => reply(5)).on('close', () => socket.destroy());
    socket.on('close', () => target.destroy());
  };
  socket.on('data', read);
}

/** Where a request ends: 5, command, 0, kind of address, address, port. */
function endOfRequest(bytes: Buffer): number | undefined {
  const kind = bytes[3];
  if (kind === 1) return 10;
  if (kind === 3) return bytes[4] === undefined ? undefined : 7 + bytes[4];
  return kind === 4 ? 22 : undefined;
}
