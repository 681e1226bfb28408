import type { Readable, Writable } from 'node:stream';

/** How a git ended. `code` is null when it was killed, could not be started, or its launcher exited. */
export type GitExit = Readonly<{ code: number | null; error?: string }>;

/** A running git and its pipes. */
export interface GitChild {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Resolves when git has exited and its output was read to the end or is not read any more. Never rejects. */
  readonly closed: Promise<GitExit>;
  /** Sends a signal to git's process group. Does nothing after `closed`. */
  signal(signal: GitSignal): void;
}

export type GitSignal = 'SIGTERM' | 'SIGKILL';

/** How long git may take to remove its temporaries and lock files after SIGTERM. */
const END_MS = 5_000;

/**
 * Sends SIGTERM to the process group of a git that writes, so that it removes its temporaries, and SIGKILL after
 * `END_MS`. One that only reads is killed at once.
 */
export function endGit(child: GitChild): void {
  child.signal('SIGTERM');
  const timer = setTimeout(() => child.signal('SIGKILL'), END_MS);
  void child.closed.then(() => clearTimeout(timer));
}

/** Sends a signal to a process group. Returns false when none of it is left. */
export function signalGroup(leader: number, signal: GitSignal): boolean {
  try {
    return process.kill(-leader, signal);
  } catch {
    return false;
  }
}
