/** The app's own pages for "not found" and "failed". */
import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import type { FunctionFiles } from './next-description.ts';
import type { Entries, RequestMeta } from './next-entry.ts';
import type { Router } from './next-routes.ts';

const NO_STORE = 'private, no-cache, no-store, max-age=0, must-revalidate';

export type ErrorPages = Readonly<{
  /** `setHeaders` false: what was said of how long the answer may be kept stays. */
  notFound(request: IncomingMessage, response: ServerResponse, url: URL, setHeaders?: boolean): Promise<void>;
  /** After headers were sent the connection is cut: a client must not take half an answer for a whole one. */
  failed(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void>;
}>;

export function createErrorPages(files: FunctionFiles, router: Router, entries: Entries, metaOf: (request: IncomingMessage, url: URL) => RequestMeta): ErrorPages {
  const { config, errorFiles } = files.description;

  const render = async (names: readonly string[], file: string | undefined, status: number, request: IncomingMessage, response: ServerResponse, url: URL, setHeaders = true): Promise<void> => {
    response.statusCode = status;
    if (setHeaders) response.setHeader('cache-control', NO_STORE); // a page that is missing now may be there tomorrow
    for (const name of names) {
      const pathname = `${config.basePath}${name}`;
      const entry = router.byPathname(pathname);
      if (entry === undefined || entry.runtime === 'edge') continue;
      if (name === '/_error' && file !== undefined) break;
      request.url = pathname;
      await entries.call(entry, request, response, metaOf(request, url), url);
      return;
    }
    if (file === undefined) {
      response.setHeader('content-type', 'text/plain; charset=utf-8');
      response.end(status === 404 ? 'This page could not be found' : 'Internal Server Error');
      return;
    }
    response.setHeader('content-type', 'text/html; charset=utf-8');
    response.end(await readFile(join(files.root, file)));
  };

  return {
    notFound: (request, response, url, setHeaders) => render(['/_not-found', '/404', '/_error'], errorFiles.notFound, 404, request, response, url, setHeaders),
    async failed(request, response, url) {
      if (response.headersSent) return void response.destroy();
      for (const name of response.getHeaderNames()) if (name !== 'x-request-id') response.removeHeader(name);
      try {
        await render(errorFiles.error === undefined ? ['/500', '/_error', '/_global-error'] : [], errorFiles.error, 500, request, response, url);
      } catch (cause) {
        console.error(cause);
        if (response.headersSent) return void response.destroy();
        response.statusCode = 500;
        response.end('Internal Server Error');
      }
    },
  };
}
