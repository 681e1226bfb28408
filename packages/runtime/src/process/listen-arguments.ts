/** The arguments of `net.Server.listen`, parsed as Node parses them (lib/net.js: normalizeArgs, listen). */

/**
 * Returns the TCP port; 0 for any. Undefined when the arguments name no port: a path, a file descriptor, a handle, or
 * arguments that Node refuses.
 */
export function requestedPort(args: readonly unknown[]): number | undefined {
  const [first] = args;
  if (first === undefined || first === null || typeof first === 'function') return 0;
  if (typeof first !== 'object') return isPath(first) ? undefined : portNumber(first);
  if (isHandle(first)) return undefined;
  const { port, fd } = first as { port?: unknown; fd?: unknown };
  if (typeof fd === 'number' && fd >= 0) return undefined;
  // A port wins over any path: SvelteKit's server passes `{ path: false, port }`.
  if (port === null || (port === undefined && 'port' in first)) return 0;
  return port === undefined ? undefined : portNumber(port);
}

/** Returns the options that a listen on another address still needs: its backlog and its signal. */
export function retainedOptions(args: readonly unknown[]): Readonly<Record<string, unknown>> {
  const [first, second, third] = args;
  const { backlog = undefined, signal = undefined } =
    typeof first === 'object' && first !== null ? (first as { backlog?: unknown; signal?: unknown }) : {};
  const positional = [second, third].find((arg) => typeof arg === 'number' && arg > 0);
  const chosen = typeof backlog === 'number' && backlog > 0 ? backlog : positional;
  return { ...(chosen === undefined ? {} : { backlog: chosen }), ...(signal === undefined ? {} : { signal }) };
}

/** Returns the callback, which is the last argument if that is a function. */
export const callbackOf = (args: readonly unknown[]): readonly unknown[] =>
  typeof args.at(-1) === 'function' ? [args.at(-1)] : [];

/** Returns whether a value names a pipe: a string that is no number. */
const isPath = (value: unknown): boolean => typeof value === 'string' && !(Number(value) >= 0);

const isHandle = (value: object): boolean =>
  ('_handle' in value && value._handle !== undefined && value._handle !== null) ||
  ('handle' in value && typeof value.handle === 'object' && value.handle !== null) ||
  value.constructor?.name === 'TCP' ||
  value.constructor?.name === 'Pipe';

/** Parses a port. Node accepts numbers and text that reads as one: "3000", " 3000 ", "0xbb8". */
function portNumber(value: unknown): number | undefined {
  if (typeof value !== 'number' && (typeof value !== 'string' || value.trim() === '')) return undefined;
  const port = Number(value);
  return Number.isInteger(port) && port >= 0 && port <= 65_535 ? port : undefined;
}
