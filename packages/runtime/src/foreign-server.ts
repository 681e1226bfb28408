/**
 * Runs a server that is not a program of Node or Bun: `node foreign-server.js <program> …`. Such a server listens on a
 * port of the sandbox. This process listens on the function's unix socket for it, and passes connections on.
 */
import { spawn } from 'node:child_process';
import { chmodSync, existsSync, rmSync } from 'node:fs';
import { constants } from 'node:os';
import { createServer, type Server, type Socket } from 'node:net';
import { environment } from './process/environment.ts';
import { listeningPorts, siteAmong, type ListeningPort } from './process/listening-ports.ts';
import { ownPorts, LoopbackListeners, passTo } from './process/loopback-listeners.ts';

/** How long PORT is waited for once something listens elsewhere, and the interval of the checks. */
const GRACE_MS = 3_000;
const CHECK_MS = 25;
/** A connection that is silent for this time after a response has none in progress. */
const QUIET_MS = 300;

class ForeignServer {
  readonly #socket: string;
  readonly #port: number;
  readonly #loopback = new LoopbackListeners();
  readonly #active = new Map<Socket, { lastAt: number; responding: boolean }>();
  #server: Server | undefined;
  #elsewhereSince: number | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(socket: string, port: number) {
    this.#socket = socket;
    this.#port = port;
  }

  /** Waits until a program of the sandbox listens, and serves it. */
  watch(): void {
    if (this.#server !== undefined || existsSync(this.#socket)) return; // a server of Node or Bun has made the socket
    const site = siteAmong(listeningPorts(), this.#port);
    if (site?.port === this.#port) return this.#serve(site);
    this.#elsewhereSince = site === undefined ? undefined : (this.#elsewhereSince ?? performance.now());
    const waited = this.#elsewhereSince === undefined ? 0 : performance.now() - this.#elsewhereSince;
    if (site !== undefined && waited >= GRACE_MS) {
      console.warn(
        `It listens on ${site.port}, not on $PORT (${this.#port}): requests are passed on to it. Let it listen on $PORT.`,
      );
      return this.#serve(site);
    }
    this.#timer = setTimeout(() => this.watch(), CHECK_MS);
  }

  /** Accepts nothing more, and resolves when no request is in progress. */
  async drained(): Promise<void> {
    clearTimeout(this.#timer);
    this.#server?.close();
    const busy = (): boolean =>
      [...this.#active.values()].some(({ lastAt, responding }) => !responding || performance.now() - lastAt < QUIET_MS);
    while (busy()) await new Promise((resolve) => setTimeout(resolve, CHECK_MS));
  }

  #serve({ port, host }: ListeningPort): void {
    const pass = passTo({ port, host });
    rmSync(this.#socket, { force: true });
    const server = createServer({ allowHalfOpen: true }, (from) => this.#follow(from, pass(from)));
    this.#server = server;
    server.on('error', (cause) => console.error(cause.message));
    server.listen(this.#socket, 1_024, () => chmodSync(this.#socket, 0o666)); // the directory restricts access
    this.#loopback.open(
      [this.#port, ...ownPorts()].filter((each) => each !== port),
      pass,
    );
  }

  #follow(from: Socket, to: Socket): void {
    const state = { lastAt: 0, responding: true };
    this.#active.set(from, state);
    from.on('data', () => (state.responding = false)).on('close', () => this.#active.delete(from));
    to.on('data', () => Object.assign(state, { responding: true, lastAt: performance.now() }));
  }
}

function main(socket: string, port: number, argv: readonly string[]): void {
  const [program = '', ...args] = argv;
  const child = spawn(program, args, { stdio: 'inherit' });
  const server = new ForeignServer(socket, port);
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const)
    process.once(signal, () => void server.drained().then(() => child.kill(signal)));
  child.once('error', (cause) => {
    console.error(cause.message);
    process.exit(127);
  });
  child.once('exit', (code, signal) => process.exit(code ?? 128 + (signal === null ? 1 : constants.signals[signal])));
  server.watch();
}

const socket = environment['ANCHOR_SOCKET'];
const argv = process.argv.slice(2);
if (process.argv[1]?.endsWith('/foreign-server.js') === true && socket !== undefined)
  main(socket, Number(environment['PORT'] ?? '3000'), argv);
