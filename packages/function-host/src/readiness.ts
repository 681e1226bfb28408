import { watch, type FSWatcher } from 'node:fs';
import { createConnection } from 'node:net';
import { dirname } from 'node:path';
import { Pacer } from './pacer.ts';

/** Between bind and listen, and where watching does not work. */
const POLL_MS = 5;
/** While nothing is there yet: what makes the socket is watched, and must not be held up by us. */
const ABSENT_MS = 100;

/**
 * Resolves true when the unix socket accepts a connection, false when the signal aborts first. Watches the file system
 * instead of sleeping.
 */
export function waitForSocket(path: string, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    let timer: NodeJS.Timeout | undefined;
    let trying = false;
    let repeat = false;
    let watcher: FSWatcher | undefined;
    const end = (accepted: boolean): void => {
      clearTimeout(timer);
      events.stop();
      watcher?.close();
      signal.removeEventListener('abort', aborted);
      resolve(accepted);
    };
    const aborted = (): void => end(false);
    const attempt = (): void => {
      repeat ||= trying; // it came while we looked
      if (trying || signal.aborted) return;
      trying = true;
      clearTimeout(timer);
      const socket = createConnection(path);
      socket.once('connect', () => {
        socket.destroy();
        end(true);
      });
      socket.once('error', (error: NodeJS.ErrnoException) => {
        socket.destroy();
        trying = false;
        const watched = watcher !== undefined && error.code === 'ENOENT' && !repeat;
        repeat = false;
        if (!signal.aborted) timer = setTimeout(attempt, watched ? ABSENT_MS : POLL_MS);
      });
    };
    /** Limits the checks, because a starting function may change its directory without end. */
    const events = new Pacer(async () => attempt(), POLL_MS);
    if (signal.aborted) return resolve(false);
    signal.addEventListener('abort', aborted);
    try {
      watcher = watch(dirname(path), () => events.request());
      watcher.on('error', () => {
        watcher?.close();
        watcher = undefined;
      });
    } catch {
      // No watches left: polling alone finds it.
    }
    attempt();
  });
}
