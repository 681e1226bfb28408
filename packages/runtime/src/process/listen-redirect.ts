/**
 * Turns `listen(PORT)` of any Node server into listening on a unix socket: http, https, http2, express, fastify, koa
 * and Next all end in `net.Server.prototype.listen`. Where nothing listens on PORT, the server on another port is taken
 * after a moment.
 */
import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Server } from 'node:net';
import { requestedPort, callbackOf, retainedOptions } from './listen-arguments.ts';
import { LoopbackListeners } from './loopback-listeners.ts';
import { connectionsOf, needsPlain, speaksHttp } from './plain-connections.ts';

type Listen = (...args: unknown[]) => Server;
export type RedirectOptions = Readonly<{
  port: number;
  socket: string;
  /** Further ports of the loopback at which programs of the sandbox reach the site. */
  ownPorts?: readonly number[];
  /** Gets each server that was redirected, when it accepts connections. */
  onListen: (server: Server) => void;
  /** A file that remembers which other port was taken, so that the next start does not wait. */
  memory?: string | undefined;
  /** How long PORT is waited for once something listens elsewhere, in milliseconds. */
  graceMs?: number;
  note?: (text: string) => void;
}>;

/** Ports of metrics and debuggers: the site may well come later. */
const BESIDE = (port: number): boolean => port === 9229 || (port >= 9090 && port <= 9499);
const GRACE_MS = 3_000;
const BESIDE_GRACE_MS = 10_000;
/** Servers listen on ports below this for nothing but their clients. */
const UNPRIVILEGED = 1_024;

/** A server that listens elsewhere than on PORT, and the port that it requested. */
type Other = Readonly<{ server: Server; requested: number | undefined }>;

export function redirectListen(options: RedirectOptions): void {
  const original = Server.prototype.listen as unknown as Listen;
  const redirect = new ListenRedirect(options, original);
  const replaced: Listen = function (this: Server, ...args) {
    return redirect.listen(this, args);
  };
  Server.prototype.listen = replaced as typeof Server.prototype.listen;
}

class ListenRedirect {
  readonly #options: RedirectOptions;
  readonly #original: Listen;
  readonly #note: (text: string) => void;
  readonly #loopback: LoopbackListeners;
  /** The port that an earlier start took instead of PORT. */
  readonly #remembered: number | undefined;
  readonly #others: Other[] = [];
  #taken: Server | undefined;
  #adopted: Server | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: RedirectOptions, original: Listen) {
    this.#options = options;
    this.#original = original;
    this.#loopback = new LoopbackListeners(original);
    this.#note = options.note ?? ((text) => console.warn(text));
    this.#remembered = recall(options.memory);
  }

  listen(server: Server, args: unknown[]): Server {
    const { port, socket, onListen } = this.#options;
    const requested = requestedPort(args);
    // A second server on the port (of another address family) is on its own, as it would be on a machine.
    if (!this.#isWanted(requested) || (this.#taken?.listening === true && this.#taken !== server)) {
      if (this.#taken === undefined) server.once('listening', () => this.#consider(server, requested));
      if (requested !== undefined && requested !== port) this.#loopback.release(requested);
      return Reflect.apply(this.#original, server, args);
    }
    if (requested !== port && requested !== this.#remembered) this.#note(elsewhere(requested, port));
    if (requested === port) this.#forgetAdopted();
    this.#taken = server;
    takeOver(socket);
    const address = { address: '0.0.0.0', family: 'IPv4', port: requested };
    server.once('close', () => {
      if (this.#taken === server) this.#taken = undefined;
    });
    server.once('listening', () => {
      if (server.address() === null) return;
      chmodSync(socket, 0o666); // the directory's permissions restrict access
      server.address = () => (server.listening ? address : null);
      this.#listenOnLoopback(server);
      onListen(server);
    });
    if (needsPlain(server)) {
      const hand = connectionsOf(server);
      server.removeAllListeners('connection');
      server.on('connection', hand);
    }
    return Reflect.apply(this.#original, server, [{ path: socket, ...retainedOptions(args) }, ...callbackOf(args)]);
  }

  #isWanted(requested: number | undefined): requested is number {
    if (requested === this.#options.port) return true;
    if (this.#taken !== undefined || requested === undefined || requested === 0) return false;
    return requested === this.#remembered || requested < UNPRIVILEGED;
  }

  /** Handles a server on another port than the one that clients reach: unless one on PORT follows, it is the site. */
  #consider(server: Server, requested: number | undefined): void {
    if (server === this.#adopted) return;
    const { graceMs = GRACE_MS } = this.#options;
    this.#others.push({ server, requested });
    clearTimeout(this.#timer);
    const mayFollow = this.#others.every((other) => other.requested !== undefined && BESIDE(other.requested));
    this.#timer = setTimeout(() => this.#adopt(), mayFollow ? Math.max(graceMs, BESIDE_GRACE_MS) : graceMs);
    this.#timer.unref();
  }

  #adopt(): void {
    const found = siteAmong(this.#others.filter(({ server }) => server.listening));
    if (this.#taken !== undefined || this.#adopted !== undefined || found === undefined) return;
    const { port, socket, onListen, memory } = this.#options;
    const { server } = found;
    const front = new Server(connectionsOf(server));
    this.#adopted = front;
    front.once('listening', () => {
      chmodSync(socket, 0o666);
      const address = server.address();
      const real = typeof address === 'object' && address !== null ? address.port : undefined;
      this.#note(elsewhere(real ?? String(address), port));
      if (real !== undefined && found.requested === real) remember(memory, real);
      this.#listenOnLoopback(server, real);
      onListen(server);
    });
    front.on('error', () => undefined); // another process of the function was faster
    takeOver(socket);
    Reflect.apply(this.#original, front, [{ path: socket }]);
    front.unref();
    server.once('close', () => front.close());
  }

  /**
   * Listens on the loopback too: apps, and Next for some of its server actions, send requests to themselves at
   * `http://localhost:$PORT`. `except`: the port of the server itself.
   */
  #listenOnLoopback(server: Server, except?: number): void {
    const { port, ownPorts = [] } = this.#options;
    this.#loopback.open(
      [port, ...ownPorts].filter((each) => each !== except),
      connectionsOf(server),
    );
    server.once('close', () => this.#loopback.close());
  }

  #forgetAdopted(): void {
    clearTimeout(this.#timer);
    if (this.#adopted === undefined) return;
    this.#loopback.close();
    this.#adopted.close();
    this.#adopted = undefined;
    if (this.#options.memory !== undefined) rmSync(this.#options.memory, { force: true });
  }
}

const siteAmong = (listening: readonly Other[]): Other | undefined =>
  listening.find(({ server, requested }) => speaksHttp(server) && !(requested !== undefined && BESIDE(requested))) ??
  listening.find(({ server }) => speaksHttp(server)) ??
  listening[0];

const elsewhere = (where: number | string, port: number): string =>
  `It listens on ${where}, not on $PORT (${port}): requests are passed on to it. Let it listen on process.env.PORT.`;

function recall(file: string | undefined): number | undefined {
  try {
    const text = file === undefined ? '' : readFileSync(file, 'utf8');
    return /^\d{1,5}$/.test(text) ? Number(text) : undefined;
  } catch {
    return undefined;
  }
}

function remember(file: string | undefined, port: number): void {
  try {
    if (file !== undefined) writeFileSync(file, String(port));
  } catch {
    // the next start waits as this one did
  }
}

/** Removes the socket of a killed process, which would refuse the next one. The socket of a living process stays. */
function takeOver(socket: string): void {
  const owner = `${socket}.pid`;
  try {
    const pid = Number(readFileSync(owner, 'utf8'));
    if (pid !== process.pid && isAlive(pid)) return;
    rmSync(socket, { force: true });
  } catch {
    // there was no socket
  }
  try {
    writeFileSync(owner, String(process.pid));
  } catch {
    // the directory is not ours to write notes in; listening will report the error
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
