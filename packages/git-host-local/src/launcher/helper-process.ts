import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { GitChild } from './git-child.ts';
import { HelperChild } from './helper-child.ts';
import { headerOf, STREAMS, type HelperReport, type HelperRequest } from './helper-protocol.ts';

/** Longer than a machine that is short of everything takes. */
const START_MS = 30_000;
const PROGRAM = fileURLToPath(new URL('helper.ts', import.meta.url));

export type HelperOptions = Readonly<{
  /** Where the helper listens, in a directory of the platform's own; at most 107 bytes. */
  socket: string;
  /** The environment of the helper itself. */
  env?: Readonly<Record<string, string>>;
  /** How long the helper may take to accept connections, and to start one git, before it is killed. */
  startMs?: number;
}>;

/** A running helper, see helper.ts. */
export class HelperProcess {
  readonly #process: ChildProcess;
  readonly #socket: string;
  readonly #startMs: number;
  readonly #children = new Map<string, HelperChild>();
  /** Resolves when it has exited. Never rejects. */
  readonly exited: Promise<void>;

  private constructor(child: ChildProcess, { socket, startMs = START_MS }: HelperOptions) {
    this.#process = child;
    this.#socket = socket;
    this.#startMs = startMs;
    this.exited = this.#exit();
    child.on('message', this.#heard);
  }

  /** Starts the process and waits until it accepts connections. */
  static async open(options: HelperOptions): Promise<HelperProcess> {
    const { socket, env = {} } = options;
    // Of an earlier helper.
    await rm(socket, { force: true });
    const child = spawn(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', '--max-semi-space-size=1', PROGRAM, socket],
      { env, cwd: '/', stdio: ['ignore', 'inherit', 'inherit', 'ipc'] },
    );
    const helper = new HelperProcess(child, options);
    const gone = helper.exited.then(() => {
      throw new Error('git could not be started: its helper exited');
    });
    await helper.#killedAfter(Promise.race([once(child, 'message'), gone]));
    child.unref();
    helper.#holdWhileBusy();
    return helper;
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  get idle(): boolean {
    return this.#children.size === 0;
  }

  async start(argv: readonly string[], env: Readonly<Record<string, string>>): Promise<GitChild> {
    if (!this.#process.connected) throw new Error('git could not be started: its helper exited');
    const id = randomBytes(16).toString('hex');
    const streams = Array.from({ length: STREAMS }, (_, stream) => {
      const socket = connect({ path: this.#socket });
      socket.write(headerOf(id, stream));
      return socket;
    });
    const child = new HelperChild(id, streams, (request) => this.#send(request));
    this.#children.set(id, child);
    this.#holdWhileBusy();
    void child.closed.then(() => {
      this.#children.delete(id);
      return this.#holdWhileBusy();
    });
    this.#send({ type: 'start', id, argv, env });
    const failure = await this.#killedAfter(child.started);
    if (failure !== undefined) throw new Error(`git could not be started: ${failure}`);
    return child;
  }

  async close(): Promise<void> {
    this.#process.ref();
    if (this.#process.connected) this.#process.disconnect();
    await this.exited;
  }

  /**
   * Waits for the helper, and kills it when it does not respond: it was stopped, or hangs. Running gits go on, and the
   * next one gets a new helper.
   */
  async #killedAfter<T>(response: Promise<T>): Promise<T> {
    let killed = false;
    const timer = setTimeout(() => {
      killed = this.#process.kill('SIGKILL');
    }, this.#startMs);
    try {
      return await response;
    } finally {
      clearTimeout(timer);
      // Its connections close before its exit is known; until then the launcher would use it again.
      if (killed) await this.exited;
    }
  }

  async #exit(): Promise<void> {
    await once(this.#process, 'exit').catch(() => undefined);
    for (const each of this.#children.values()) each.launcherExited();
  }

  /** An idle helper keeps no process alive. */
  #holdWhileBusy(): void {
    if (this.idle) this.#process.channel?.unref();
    else this.#process.channel?.ref();
  }

  #send(request: HelperRequest): void {
    if (this.#process.connected) this.#process.send(request, undefined, undefined, () => undefined);
  }

  readonly #heard = (message: unknown): void => {
    const report = message as HelperReport;
    if (report.type !== 'ready') this.#children.get(report.id)?.heard(report);
  };
}
