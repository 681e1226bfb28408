import { spawn, type ChildProcess } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { signalGroup, type GitChild, type GitExit, type GitSignal } from './git-child.ts';
import type { GitLauncher } from './git-launcher.ts';

/** Starts git as a child of this process. Holds up the event loop until git runs, see `HelperLauncher`. */
export const DIRECT_LAUNCHER: GitLauncher = {
  async start([program = '', ...args], env) {
    const child = spawn(program, args, { env, cwd: '/', stdio: ['pipe', 'pipe', 'pipe'], detached: true });
    const closed = closeOf(child);
    // With too many open files Node returns a child without pipes, whatever the types say, and reports it in an event.
    const [stdin, stdout, stderr] = child.stdio as readonly unknown[] as [Writable?, Readable?, Readable?];
    if (child.pid === undefined || !stdin || !stdout || !stderr)
      throw new Error(`git could not be started: ${(await closed).error ?? 'it has no pipes'}`);
    return new DirectChild(child.pid, stdin, stdout, stderr, closed);
  },
  close: async () => undefined,
};

class DirectChild implements GitChild {
  readonly #pid: number;
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly closed: Promise<GitExit>;
  #running = true;

  constructor(pid: number, stdin: Writable, stdout: Readable, stderr: Readable, closed: Promise<GitExit>) {
    this.#pid = pid;
    this.stdin = stdin;
    this.stdout = stdout;
    this.stderr = stderr;
    this.closed = closed.then((exit) => {
      this.#running = false;
      return exit;
    });
  }

  signal(signal: GitSignal): void {
    if (this.#running) signalGroup(this.#pid, signal);
  }
}

const closeOf = (child: ChildProcess): Promise<GitExit> =>
  new Promise((resolve) => {
    child.once('error', (error) => resolve({ code: null, error: error.message }));
    child.once('exit', (code) => {
      // Git has ended by itself: what it left behind would hold its pipes.
      if (code !== null && child.pid !== undefined) signalGroup(child.pid, 'SIGKILL');
    });
    child.once('close', (code) => resolve({ code }));
  });
