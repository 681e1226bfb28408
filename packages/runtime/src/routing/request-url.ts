import type { IncomingMessage } from 'node:http';

/**
 * Returns the URL that the client requested, from the forwarded headers of the edge; undefined when it is not valid.
 */
export function urlOf(request: IncomingMessage): URL | undefined {
  const { headers } = request;
  const scheme = first(headers['x-forwarded-proto']) === 'https' ? 'https' : 'http';
  const path = request.url ?? '/';
  for (const host of [first(headers['x-forwarded-host']) ?? headers.host ?? 'localhost', 'localhost']) {
    try {
      return new URL(path.startsWith('/') ? `${scheme}://${host}${path}` : path);
    } catch {
      // an invalid host name
    }
  }
  return undefined;
}

const first = (header: string | string[] | undefined): string | undefined =>
  (Array.isArray(header) ? header[0] : header)?.split(',')[0]?.trim();
