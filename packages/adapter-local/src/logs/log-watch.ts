import { watch, type FSWatcher } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { basename } from 'node:path';
import { ChangeHub } from '@anchor/core/changes/change-hub.ts';
import type { ChangeSignal } from '@anchor/core/ports/change-signal.ts';
import type { LogFiles } from './log-files.ts';

/** How often followers look where the kernel notifies nothing (some file systems, too many watches). */
const POLL_MS = 500;
/** How often they look although it does. */
const SAFETY_MS = 5_000;

export type LogSignal = Readonly<{
  /** Resolves when the log's files may have changed since the last call, see ChangeSignal. */
  next(): Promise<void>;
  close(): void;
}>;

/**
 * Notifies followers that a log has changed, whichever process writes it: one watch per directory, shared by all of
 * them.
 */
export function logWatch(): (files: LogFiles, signal: AbortSignal) => Promise<LogSignal> {
  const directories = new Map<string, LogDirectory>();
  return async (files, signal) => {
    await mkdir(files.directory, { recursive: true });
    const directory = directories.get(files.directory) ?? new LogDirectory(files.directory);
    directories.set(files.directory, directory);
    const changes = directory.open(basename(files.closed, '.closed'));
    return {
      next: () => changes.next(directory.watched ? SAFETY_MS : POLL_MS, signal),
      close() {
        changes.close();
        if (directory.endIfUnused()) directories.delete(files.directory);
      },
    };
  };
}

/** Watches the logs of one directory, each identified by the start of its file names. */
class LogDirectory {
  readonly #hub = new ChangeHub();
  #watcher: FSWatcher | undefined;

  constructor(directory: string) {
    try {
      this.#watcher = watch(directory, { persistent: false }, (_event, name) => this.#onChange(name));
      this.#watcher.on('error', () => this.#unwatch());
    } catch {
      // Without a watch, followers poll.
    }
  }

  get watched(): boolean {
    return this.#watcher !== undefined;
  }

  open(log: string): ChangeSignal {
    return this.#hub.open(log);
  }

  /** Ends the watch when no log of the directory is followed, and returns whether it did. */
  endIfUnused(): boolean {
    if (this.#hub.size > 0) return false;
    this.#unwatch();
    return true;
  }

  #onChange(name: string | null): void {
    const log = name?.split('.')[0];
    if (log === undefined || log === '') this.#hub.notifyAll();
    else this.#hub.notify(log);
  }

  #unwatch(): void {
    this.#watcher?.close();
    this.#watcher = undefined;
  }
}
