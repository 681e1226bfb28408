import { watch, type FSWatcher } from 'node:fs';
import { createConnection } from 'node:net';
import { dirname } from 'node:path';

/** Between bind and listen, and where watching does not work. */
const POLL_MS = 5;
/** While nothing is there yet: what makes the socket is watched, and must not be held up by us. */
const ABSENT_MS = 100;

/** Resolves true when the unix socket accepts a connection, false when the signal aborts first. Told by the file system, not by waiting. */
export function socketAccepts(path: string, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    let timer: NodeJS.Timeout | undefined;
    let trying = false;
    let again = false;
    let watcher: FSWatcher | undefined;
    const end = (accepted: boolean): void => {
      clearTimeout(timer);
      watcher?.close();
      signal.removeEventListener('abort', aborted);
      resolve(accepted);
    };
    const aborted = (): void => end(false);
    const attempt = (): void => {
      again ||= trying; // it came while we looked
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
        const watched = watcher !== undefined && error.code === 'ENOENT' && !again;
        again = false;
        if (!signal.aborted) timer = setTimeout(attempt, watched ? ABSENT_MS : POLL_MS);
      });
    };
    if (signal.aborted) return resolve(false);
    signal.addEventListener('abort', aborted);
    try {
      watcher = watch(dirname(path), attempt);
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
