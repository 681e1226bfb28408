/**
 * Links each line of output to its request for the host: every line that is written while a request is handled is
 * prefixed with `\x1e<request id>\x1f<level>\x1f`. Lines outside of a request pass unchanged.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { EventEmitter } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';

export type RequestScope = { readonly id: string; readonly partial: Map<NodeJS.WriteStream, string> };
type Level = 'debug' | 'info' | 'warn' | 'error';

const scopes = new AsyncLocalStorage<RequestScope>();
let levelOfCall: Level | undefined;

const ID = /^[\x21-\x7e]{1,128}$/;
const idOf = (request: IncomingMessage): string | undefined => {
  const id = request.headers['x-request-id'];
  return typeof id === 'string' && ID.test(id) ? id : undefined;
};

/** Where a message has its scope; a name of ours would meet those of apps (`req.scope`). */
export const SCOPE = Symbol('scope');
/**
 * A request or a response whose end events run in the context of the request: the socket, which emits them, belongs to
 * none.
 */
type Scoped = EventEmitter & { [SCOPE]: RequestScope | undefined };

/**
 * Runs `work` as part of the request: also what it starts and awaits later, and what listens for the end of the
 * connection.
 */
export function inRequest<T>(request: IncomingMessage & Scoped, response: ServerResponse & Scoped, work: () => T): T {
  const id = idOf(request);
  if (id === undefined) return work();
  const scope: RequestScope = { id, partial: new Map() };
  request[SCOPE] = scope;
  response[SCOPE] = scope;
  return scopes.run(scope, work);
}

/** Emits an event in the request's scope, by the `emit` of the class above its own. */
export function emitInScope(
  message: Scoped,
  emit: EventEmitter['emit'],
  args: Parameters<EventEmitter['emit']>,
): boolean {
  const scope = message[SCOPE];
  if (scope === undefined || (args[0] !== 'close' && args[0] !== 'aborted')) return Reflect.apply(emit, message, args);
  return scopes.run(scope, () => Reflect.apply(emit, message, args));
}

/** Binds everything from here on in this asynchronous context to the request: for servers that are not ours to wrap. */
export function enterRequest(request: IncomingMessage): void {
  const id = idOf(request);
  if (id !== undefined) scopes.enterWith({ id, partial: new Map() });
}

/** Prefixes the output with its request. Call it once, before user code can write. */
export function prefixOutput(): void {
  patchStream(process.stdout, 'info');
  patchStream(process.stderr, 'error');
  for (const [method, level] of [
    ['debug', 'debug'],
    ['warn', 'warn'],
    ['error', 'error'],
    ['trace', 'error'],
  ] as const) {
    const original = console[method];
    console[method] = (...parts: unknown[]) => {
      levelOfCall = level;
      try {
        original.apply(console, parts);
      } finally {
        levelOfCall = undefined;
      }
    };
  }
}

function patchStream(stream: NodeJS.WriteStream, level: Level): void {
  const original = stream.write.bind(stream);
  stream.write = ((chunk: string | Uint8Array, encoding?: unknown, done?: unknown): boolean => {
    const scope = scopes.getStore();
    if (scope === undefined) return Reflect.apply(original, stream, [chunk, encoding, done]);
    const callback = typeof encoding === 'function' ? encoding : done;
    const text =
      (scope.partial.get(stream) ?? '') + (typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('utf8'));
    const end = text.lastIndexOf('\n') + 1;
    if (end < text.length) keepPartial(scope, stream, text.slice(end), original, level);
    else scope.partial.delete(stream);
    const marked = mark(scope.id, levelOfCall ?? level, text.slice(0, end));
    return typeof callback === 'function'
      ? Reflect.apply(original, stream, [marked, 'utf8', callback])
      : original(marked);
  }) as typeof stream.write;
}

/** Holds a line without an end back, but only for a moment: output of a progress bar must not be lost. */
function keepPartial(
  scope: RequestScope,
  stream: NodeJS.WriteStream,
  text: string,
  write: (text: string) => boolean,
  level: Level,
): void {
  scope.partial.set(stream, text);
  setTimeout(() => {
    if (scope.partial.get(stream) !== text) return;
    scope.partial.delete(stream);
    write(mark(scope.id, level, `${text}\n`));
  }, 100).unref();
}

const mark = (id: string, level: Level, lines: string): string =>
  lines === ''
    ? ''
    : lines
        .slice(0, -1)
        .split('\n')
        .map((line) => `\x1e${id}\x1f${level}\x1f${line}\n`)
        .join('');
