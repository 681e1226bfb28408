import { spawn } from 'node:child_process';
import { createServer, type Socket } from 'node:net';
import { signalGroup } from './git-child.ts';
import { HEADER_BYTES, parseHeader, STREAMS, type HelperReport, type HelperRequest } from './helper-protocol.ts';

/**
 * Starts git for the server, see `helper-launcher.ts`. Run as: node helper.ts <socket>
 *
 * Each git gets three connections of the server as its standard streams. Git inherits them: no byte passes through this
 * process.
 */
type Start = Extract<HelperRequest, { type: 'start' }>;
type Incomplete = { request?: Start; readonly sockets: Socket[] };

const incomplete = new Map<string, Incomplete>();
/** Process groups by id, until the server has read their output. */
const groups = new Map<string, number>();

const report = (message: HelperReport): void => {
  if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
};

function startWhenComplete(id: string, change: (one: Incomplete) => void): void {
  const one = incomplete.get(id) ?? { sockets: [] };
  incomplete.set(id, one);
  change(one);
  const { request, sockets } = one;
  const [stdin, stdout, stderr] = sockets;
  if (request === undefined || stdin === undefined || stdout === undefined || stderr === undefined) return;
  incomplete.delete(id);
  start(request, [stdin, stdout, stderr]);
}

function start({ id, argv: [program = '', ...args], env }: Start, sockets: [Socket, Socket, Socket]): void {
  const fail = (error: unknown): void => {
    // Open until the server has heard: a closed connection alone does not say why.
    incomplete.set(id, { sockets });
    report({ type: 'failed', id, reason: error instanceof Error ? error.message : String(error) });
  };
  try {
    const child = spawn(program, args, { env, cwd: '/', stdio: sockets, detached: true });
    const { pid } = child;
    if (pid === undefined) return void child.once('error', fail);
    groups.set(id, pid);
    report({ type: 'started', id, pid });
    child.once('exit', (code) => {
      // Git has ended by itself: what it left behind would hold its pipes.
      if (code !== null) {
        signalGroup(pid, 'SIGKILL');
        groups.delete(id);
      }
      report({ type: 'exited', id, code });
    });
    // Git has its own.
    for (const socket of sockets) socket.destroy();
  } catch (error) {
    fail(error);
  }
}

function onConnection(socket: Socket): void {
  socket.on('error', () => socket.destroy());
  const onReadable = (): void => {
    const header = socket.read(HEADER_BYTES) as Buffer | null;
    if (header === null) return;
    socket.off('readable', onReadable);
    const parsed = parseHeader(header.toString('latin1'));
    if (parsed === undefined) return void socket.destroy();
    startWhenComplete(parsed.id, ({ sockets }) => (sockets[parsed.stream] = socket));
    socket.once('close', () => incomplete.delete(parsed.id));
  };
  socket.on('readable', onReadable);
}

function onRequest(request: HelperRequest): void {
  const group = groups.get(request.id);
  switch (request.type) {
    case 'start':
      return startWhenComplete(request.id, (one) => (one.request = request));
    case 'signal':
      if (group !== undefined) signalGroup(group, request.signal);
      return;
    case 'forget':
      if (group !== undefined) signalGroup(group, 'SIGKILL');
      groups.delete(request.id);
      for (const socket of incomplete.get(request.id)?.sockets ?? []) socket?.destroy();
      incomplete.delete(request.id);
  }
}

/** Without a server it was loaded only to be compiled, see apps/local/src/precompile.ts. */
if (process.send !== undefined) {
  // The server has exited, or closes its launcher. A git that runs goes on: it may be storing a push.
  process.on('disconnect', () => process.exit(0));
  // A service manager and a terminal signal every process of the platform. The server still completes its pushes.
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined);
  process.on('message', (message) => onRequest(message as HelperRequest));
  const server = createServer({ allowHalfOpen: true, highWaterMark: STREAMS * HEADER_BYTES }, onConnection);
  server.listen(process.argv[2], () => report({ type: 'ready' }));
}
