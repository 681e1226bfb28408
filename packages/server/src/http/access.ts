import type { IncomingMessage, ServerResponse } from 'node:http';

/**
 * One completed request of the control plane. Never holds secrets: neither query strings nor the secret part of a
 * deploy hook's address. `tokenId`: the token of the request, absent without a valid token.
 */
export type AccessLine = Readonly<{
  at: number;
  method: string;
  path: string;
  status: number;
  ms: number;
  ip: string;
  tokenId?: string;
  userAgent: string;
}>;

export type ApiAccess = Readonly<{
  /** Writes a line when the response is complete; `aborted` ones have status 499. */
  begin(request: IncomingMessage, response: ServerResponse): void;
  /** Records the token that a request carried. */
  by(request: IncomingMessage | undefined, tokenId: string): void;
}>;

export function apiAccess(write: (line: AccessLine) => void, now: () => number): ApiAccess {
  const callers = new WeakMap<IncomingMessage, string>();
  return {
    begin(request, response) {
      const at = now();
      const startedAt = performance.now();
      const ip = request.socket.remoteAddress ?? '';
      response.once('close', () => {
        const tokenId = callers.get(request);
        write({
          at,
          method: request.method ?? '',
          path: pathOf(request.url ?? '/'),
          status: response.writableFinished ? response.statusCode : 499,
          ms: Math.round(performance.now() - startedAt),
          ip,
          ...(tokenId === undefined ? {} : { tokenId }),
          userAgent: (request.headers['user-agent'] ?? '').slice(0, 200),
        });
      });
    },
    by(request, tokenId) {
      if (request !== undefined) callers.set(request, tokenId);
    },
  };
}

const pathOf = (url: string): string => {
  const path = (url.split('?', 1)[0] ?? '').slice(0, 500);
  return path.startsWith('/hooks/') ? path.split('/').slice(0, 3).join('/') : path;
};
