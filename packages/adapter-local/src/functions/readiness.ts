import { watch, type FSWatcher } from 'node:fs';
import { createConnection } from 'node:net';
import { dirname } from 'node:path';

const POLL_MS = 5;

/** Resolves true when the unix socket accepts a connection, false when the signal aborts first. Told by the file system, not by waiting. */
export function socketAccepts(path: string, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    let timer: NodeJS.Timeout | undefined;
    let trying = false;
    let watcher: FSWatcher | undefined;
    const end = (accepted: boolean): void => {
      clearTimeout(timer);
      watcher?.close();
      signal.removeEventListener('abort', aborted);
      resolve(accepted);
    };
    const aborted = (): void => end(false);
    const attempt = (): void => {
      if (trying || signal.aborted) return;
      trying = true;
      clearTimeout(timer);
      const socket = createConnection(path);
      socket.once('connect', () => {
        socket.destroy();
        end(true);
      });
      socket.once('error', () => {
        socket.destroy();
        trying = false;
        if (!signal.aborted) timer = setTimeout(attempt, POLL_MS); // between bind and listen, and where watching does not work
      });
    };
    if (signal.aborted) return resolve(false);
    signal.addEventListener('abort', aborted);
    try {
      watcher = watch(dirname(path), attempt);
      watcher.on('error', () => watcher?.close());
    } catch {
      // No watches left: polling alone finds it.
    }
    attempt();
  });
}
