/**
 * The exit code 137 is also what the sandbox reports for SIGKILL. A process that is killed while it starts is started
 * once more, a process that exits by itself is not: so it says which it was.
 */
import { writeFileSync } from 'node:fs';
import { dirname, join, basename } from 'node:path';
import { SANDBOX_PATHS } from '@anchor/protocol/sandbox-paths.ts';

/** 128 + SIGKILL. */
const KILLED = 137;

/** Records an exit with the code of a kill beside the socket. `isOwn`: false for a process that passes on a child's. */
export function recordOwnExit(socket: string, isOwn: () => boolean = () => true): void {
  process.once('exit', (code) => {
    if (code !== KILLED || !isOwn()) return;
    try {
      writeFileSync(join(dirname(socket), basename(SANDBOX_PATHS.ownExit)), '', { flag: 'wx' });
    } catch {
      // Another process of the function has recorded it.
    }
  });
}
