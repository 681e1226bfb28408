import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { GitChild } from './git-child.ts';
import { HelperChild } from './helper-child.ts';
import { headerOf, STREAMS, type HelperReport, type HelperRequest } from './helper-protocol.ts';

const PROGRAM = fileURLToPath(new URL('helper.ts', import.meta.url));

export type HelperOptions = Readonly<{
  /** Where the helper listens, in a directory of the platform's own; at most 107 bytes. */
  socket: string;
  /** The environment of the helper itself. */
  env?: Readonly<Record<string, string>>;
}>;

/** A running helper, see helper.ts. */
export class HelperProcess {
  readonly #process: ChildProcess;
  readonly #socket: string;
  readonly #children = new Map<string, HelperChild>();
  /** Resolves when it has exited. Never rejects. */
  readonly exited: Promise<void>;

  private constructor(child: ChildProcess, socket: string) {
    this.#process = child;
    this.#socket = socket;
    this.exited = this.#exit();
    child.on('message', this.#heard);
  }

  /** Starts the process and waits until it accepts connections. */
  static async open({ socket, env = {} }: HelperOptions): Promise<HelperProcess> {
    // Of an earlier helper.
    await rm(socket, { force: true });
    const child = spawn(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', '--max-semi-space-size=1', PROGRAM, socket],
      { env, cwd: '/', stdio: ['ignore', 'inherit', 'inherit', 'ipc'] },
    );
    const helper = new HelperProcess(child, socket);
    const gone = helper.exited.then(() => {
      throw new Error('git could not be started: its helper exited');
    });
    await Promise.race([once(child, 'message'), gone]);
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
    const failure = await child.started;
    if (failure !== undefined) throw new Error(`git could not be started: ${failure}`);
    return child;
  }

  async close(): Promise<void> {
    this.#process.ref();
    if (this.#process.connected) this.#process.disconnect();
    await this.exited;
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
