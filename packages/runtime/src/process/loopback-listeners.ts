/**
 * Lets every program of a sandbox reach the site, whatever it is written in: listeners on the loopback, at `$PORT` and
 * at the ports of the site's own addresses, whose names are in the sandbox's hosts file. The loopback belongs to the
 * sandbox, and what arrives there goes to the application itself, whatever name the request has.
 */
import { readFileSync } from 'node:fs';
import { connect, Server, type Socket } from 'node:net';
import { loopbackNames, ownAddressesOf } from '@anchor/protocol/own-addresses.ts';
import { environment } from './environment.ts';

type Listen = (...args: unknown[]) => Server;
const HOSTS = '/etc/hosts';

/** Returns the ports of the site's own addresses that its hosts file leads to the loopback. */
export function ownPorts(hostsFile: string = HOSTS): readonly number[] {
  const addresses = ownAddressesOf(environment);
  const named = new Set(localNames(hostsFile));
  const names = new Set(loopbackNames(addresses).filter((name) => named.has(name)));
  return [...new Set(addresses.filter(({ host, encrypted }) => !encrypted && names.has(host)).map(({ port }) => port))];
}

function localNames(file: string): readonly string[] {
  try {
    return readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('127.0.0.1 '))
      .flatMap((line) => line.split(' ').slice(1));
  } catch {
    return []; // no hosts file, no names
  }
}

/** Passes a connection on to a unix socket or a port, with its end in either direction. */
export function passTo(target: Readonly<{ path: string } | { port: number; host: string }>): (from: Socket) => Socket {
  return (from) => {
    const to = connect({ ...target, allowHalfOpen: true });
    from.pipe(to).pipe(from);
    const destroy = (): void => {
      from.destroy();
      to.destroy();
    };
    for (const socket of [from, to]) socket.on('error', destroy).on('close', destroy);
    return to;
  };
}

/** The listeners of a site on its loopback. They do not keep the process running. */
export class LoopbackListeners {
  readonly #listen: Listen;
  readonly #listeners = new Map<number, Server>();

  /** `listen`: the `listen` of Node, where that is replaced. */
  constructor(listen: Listen = Server.prototype.listen as unknown as Listen) {
    this.#listen = listen;
  }

  /** Listens on ports that are not open yet. A port that is in use belongs to the application. */
  open(ports: readonly number[], onConnection: (socket: Socket) => unknown): void {
    for (const port of ports) {
      if (this.#listeners.has(port)) continue;
      const listener = new Server({ allowHalfOpen: true }, (socket) => void onConnection(socket));
      this.#listeners.set(port, listener);
      listener.on('error', () => this.#listeners.delete(port)); // no loopback device, or a worker has it already
      Reflect.apply(this.#listen, listener, [{ port, host: '127.0.0.1' }]);
      listener.unref();
    }
  }

  /** Gives a port to the application, which is about to listen on it. */
  release(port: number): void {
    this.#listeners.get(port)?.close();
    this.#listeners.delete(port);
  }

  close(): void {
    for (const port of this.#listeners.keys()) this.release(port);
  }
}
