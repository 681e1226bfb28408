import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Returns the directories of a data directory that sandboxes use: sockets and state of running ones, and their disks.
 */
export const directoriesIn = (data: string): Readonly<{ run: string; disks: string }> => ({
  run: join(data, 'run'),
  disks: join(data, 'disks'),
});

/** Returns the names in a directory; none where it cannot be read. */
export const namesIn = (dir: string): readonly string[] => {
  try {
    return readdirSync(dir);
  } catch {
    return [];
  }
};
