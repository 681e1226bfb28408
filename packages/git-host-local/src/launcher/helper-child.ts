import type { Socket } from 'node:net';
import { signalGroup, type GitChild, type GitExit, type GitSignal } from './git-child.ts';
import type { HelperReport, HelperRequest } from './helper-protocol.ts';

/** A git that the helper started. Its pipes are connections to git itself. */
export class HelperChild implements GitChild {
  readonly stdin: Socket;
  readonly stdout: Socket;
  readonly stderr: Socket;
  readonly closed: Promise<GitExit>;
  readonly #id: string;
  readonly #send: (request: HelperRequest) => void;
  readonly #exit = Promise.withResolvers<GitExit>();
  readonly #start = Promise.withResolvers<string | undefined>();
  #pid: number | undefined;
  #isClosed = false;
  #isOrphan = false;

  constructor(id: string, streams: readonly Socket[], send: (request: HelperRequest) => void) {
    const [stdin, stdout, stderr] = streams;
    if (stdin === undefined || stdout === undefined || stderr === undefined) throw new TypeError('a stream is missing');
    [this.stdin, this.stdout, this.stderr] = [stdin, stdout, stderr];
    this.#id = id;
    this.#send = send;
    for (const stream of streams) {
      stream.on('error', () => undefined);
      // Such as too many open files.
      stream.once('close', () => {
        if (this.#pid === undefined) this.#fail('it has no pipes');
      });
    }
    // Nothing comes from git's input but its end, which shows that git reads no more.
    stdin.resume();
    this.closed = this.#close();
  }

  /** Resolves when git was started, with the reason when it could not be. */
  get started(): Promise<string | undefined> {
    return this.#start.promise;
  }

  heard(message: Exclude<HelperReport, { type: 'ready' }>): void {
    switch (message.type) {
      case 'started':
        this.#pid = message.pid;
        return this.#start.resolve(undefined);
      case 'failed':
        return this.#fail(message.reason);
      case 'exited':
        return this.#exit.resolve({ code: message.code });
    }
  }

  /** Git goes on, but how it ends is not known any more. */
  launcherExited(): void {
    this.#isOrphan = true;
    if (this.#pid === undefined) this.#fail('its helper exited');
    else this.#exit.resolve({ code: null, error: 'the helper that started git exited' });
  }

  signal(signal: GitSignal): void {
    if (this.#isClosed) return;
    if (!this.#isOrphan) this.#send({ type: 'signal', id: this.#id, signal });
    else if (this.#pid !== undefined) signalGroup(this.#pid, signal);
  }

  #fail(reason: string): void {
    this.#start.resolve(reason);
    this.#exit.resolve({ code: null, error: reason });
    for (const stream of [this.stdin, this.stdout, this.stderr]) stream.destroy();
  }

  async #close(): Promise<GitExit> {
    const outputs = [this.stdout, this.stderr].map(
      (stream) =>
        new Promise<void>((resolve) => {
          stream.once('close', () => resolve());
        }),
    );
    const exit = await this.#exit.promise;
    if (!this.#isOrphan) this.stdin.destroy();
    await Promise.all(outputs);
    this.#isClosed = true;
    this.#send({ type: 'forget', id: this.#id });
    return exit;
  }
}
