import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Caller } from '@anchor/core/people/caller.ts';

/**
 * One completed request of the control plane. Never holds secrets: neither query strings nor the secret part of a
 * deploy hook's address. `tokenId`: the token of the request, if it was a valid one.
 */
export type AccessLine = Readonly<{
  at: number;
  method: string;
  path: string;
  status: number;
  ms: number;
  ip: string;
  tokenId?: string;
  /** The person of the request, and its session. */
  personId?: string;
  sessionId?: string;
  userAgent: string;
}>;

export type ApiAccess = Readonly<{
  /** Writes a line when the response is complete; `aborted` ones have status 499. */
  begin(request: IncomingMessage, response: ServerResponse): void;
  /** Records the caller of a request. */
  by(request: IncomingMessage, caller: Caller): void;
}>;

export function apiAccess(write: (line: AccessLine) => void, now: () => number): ApiAccess {
  const callers = new WeakMap<IncomingMessage, Caller>();
  return {
    begin(request, response) {
      const at = now();
      const startedAt = performance.now();
      const ip = request.socket.remoteAddress ?? '';
      response.once('close', () => {
        write({
          at,
          method: request.method ?? '',
          path: pathOf(request.url ?? '/'),
          status: response.writableFinished ? response.statusCode : 499,
          ms: Math.round(performance.now() - startedAt),
          ip,
          ...idsOf(callers.get(request)),
          userAgent: (request.headers['user-agent'] ?? '').slice(0, 200),
        });
      });
    },
    by(request, caller) {
      callers.set(request, caller);
    },
  };
}

const idsOf = (caller: Caller | undefined) =>
  caller?.kind === 'token'
    ? { tokenId: caller.token.id }
    : caller === undefined
      ? {}
      : { personId: caller.person.id, sessionId: caller.session.id };

const pathOf = (url: string): string => {
  const path = (url.split('?', 1)[0] ?? '').slice(0, 500);
  return path.startsWith('/hooks/') ? path.split('/').slice(0, 3).join('/') : path;
};
