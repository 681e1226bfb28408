/** Another origin, to which sites rewrite. */
import { serveOutside, type Outside } from '../outside.ts';

export type External = Outside &
  Readonly<{
    /** Lets responses of `/…slow` end. */
    finish(): void;
  }>;

/**
 * Echoes its request. `/…status?code=` responds with that status, `/…slow` in two parts, the second when the test
 * allows it.
 */
export async function startExternal(): Promise<External> {
  const unfinished: (() => void)[] = [];
  const outside = await serveOutside((request, response) => {
    let body = '';
    request
      .setEncoding('utf8')
      .on('data', (part: string) => (body += part))
      .once('end', () => {
        const url = new URL(request.url ?? '/', 'http://external');
        if (url.pathname.endsWith('/slow')) {
          response.write('first ');
          unfinished.push(() => response.end('second'));
          return;
        }
        response.statusCode = Number(url.searchParams.get('code') ?? 200);
        response.setHeader('x-from-external', 'yes');
        response.setHeader('content-type', 'application/json');
        response.setHeader('set-cookie', ['external=1; Path=/', 'more=2; Path=/']);
        const { cookie = null, 'x-added': added = null, 'x-forwarded-host': forwarded = null } = request.headers;
        response.end(
          JSON.stringify({
            method: request.method,
            path: url.pathname,
            query: Object.fromEntries([...url.searchParams].sort()),
            body,
            cookie,
            added,
            named: forwarded !== null,
          }),
        );
      });
  });
  return { ...outside, finish: () => unfinished.splice(0).forEach((end) => end()) };
}
