/**
 * Turns `listen(PORT)` of any Node server into listening on a unix socket: http, https, express, fastify, koa and Next all
 * end in `net.Server.prototype.listen`. Other ports, and sockets that the app names itself, stay as they are.
 */
import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Server } from 'node:net';

type Listen = (...args: unknown[]) => Server;

/** `onListen` gets each server that was redirected, when it accepts connections. */
export function redirectListen(port: number, socket: string, onListen: (server: Server) => void): void {
  const original = Server.prototype.listen as unknown as Listen;
  const replaced: Listen = function (this: Server, ...args) {
    const asked = portOf(args);
    if (asked !== port) return Reflect.apply(original, this, args);
    takeOver(socket);
    const address = { address: '0.0.0.0', family: 'IPv4', port };
    this.once('listening', () => {
      if (this.address() === null) return;
      chmodSync(socket, 0o666); // the directory says who may reach it
      this.address = () => (this.listening ? address : null);
      answerLoopback(this, port, original);
      onListen(this);
    });
    return Reflect.apply(original, this, [{ path: socket, ...keptOptions(args[0]) }, ...args.filter((arg) => typeof arg === 'function')]);
  };
  Server.prototype.listen = replaced as typeof Server.prototype.listen;
}

/** Apps, and Next for some of its server actions, ask themselves at `http://localhost:$PORT`. Nobody else reaches that address: it is the sandbox's own. */
function answerLoopback(server: Server, port: number, listen: Listen): void {
  const loopback = new Server((socket) => server.emit('connection', socket));
  loopback.on('error', () => undefined); // no loopback device, or a worker has it already
  Reflect.apply(listen, loopback, [{ port, host: '127.0.0.1' }]);
  loopback.unref();
  server.once('close', () => loopback.close());
}

/** The port that the arguments of `listen` name: a number, digits, or an object with either; undefined for anything else. */
function portOf(args: readonly unknown[]): number | undefined {
  const [first] = args;
  if (typeof first === 'object' && first !== null) {
    if ('path' in first && first.path !== undefined) return undefined;
    return 'port' in first ? portOf([first.port]) : undefined;
  }
  if (typeof first === 'string' && /^\d{1,5}$/.test(first.trim())) return Number(first);
  return typeof first === 'number' ? first : undefined;
}

function keptOptions(first: unknown): Record<string, unknown> {
  if (typeof first !== 'object' || first === null) return {};
  const { backlog, signal } = first as { backlog?: unknown; signal?: unknown };
  return { ...(backlog === undefined ? {} : { backlog }), ...(signal === undefined ? {} : { signal }) };
}

/** A socket that a killed process left would refuse the next one; one that a living process has must stay. */
function takeOver(socket: string): void {
  const owner = `${socket}.pid`;
  try {
    const pid = Number(readFileSync(owner, 'utf8'));
    if (pid !== process.pid && isAlive(pid)) return;
    rmSync(socket, { force: true });
  } catch {
    // nobody was here before
  }
  try {
    writeFileSync(owner, String(process.pid));
  } catch {
    // the directory is not ours to write notes in; listening will say what is wrong
  }
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (cause) {
    return cause instanceof Error && 'code' in cause && cause.code === 'EPERM';
  }
};
