/**
 * Describes what a process still holds when it is stopped: its timers and connections do nothing until the next
 * request.
 */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * Returns the line for the run log; undefined when the process holds nothing, or is not stopped for being idle.
 * `socket`: where it listens.
 */
export function describeFrozenWork(
  socket: string,
  resources: readonly string[] = process.getActiveResourcesInfo(),
): string | undefined {
  if (!existsSync(join(dirname(socket), 'idle'))) return undefined;
  const count = (type: string): number => resources.filter((each) => each === type).length;
  // Requests arrive through a unix socket, so a TCP connection is one that the app opened itself. Idle ones of fetch do
  // not count as active.
  const held = [several(count('Timeout'), 'timer'), several(count('TCPSocketWrap'), 'open connection')].filter(
    (part) => part !== '',
  );
  if (held.length === 0) return undefined;
  return `anchor: this process was put to sleep with ${held.join(' and ')}; what they do stops until the next request. Keep it running with \`anchor projects update --min-instances 1\``;
}

const several = (count: number, what: string): string =>
  count === 0 ? '' : `${count} ${what}${count === 1 ? '' : 's'}`;
