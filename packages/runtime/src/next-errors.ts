/** The app's own pages for "not found" and "failed". */
import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import type { FunctionFiles } from './next-description.ts';
import type { Entries, RequestMeta } from './next-entry.ts';
import type { Router } from './next-routes.ts';
import { queryOf } from './next-rules.ts';

/** What a browser asks for to use in a page, in the words of Sec-Fetch-Dest. */
const NO_PAGE = new Set(['audio', 'audioworklet', 'font', 'image', 'json', 'manifest', 'paintworklet', 'report', 'script', 'serviceworker', 'sharedworker', 'style', 'track', 'video', 'webidentity', 'worker', 'xslt']);
const NO_STORE = 'private, no-cache, no-store, max-age=0, must-revalidate';

export type ErrorPages = Readonly<{
  /** `setHeaders` false: what was said of how long the answer may be kept stays. */
  notFound(request: IncomingMessage, response: ServerResponse, url: URL, setHeaders?: boolean): Promise<void>;
  /** After headers were sent the connection is cut: a client must not take half an answer for a whole one. */
  failed(request: IncomingMessage, response: ServerResponse, url: URL, cause: unknown): Promise<void>;
}>;

export function createErrorPages(files: FunctionFiles, router: Router, entries: Entries, metaOf: (request: IncomingMessage, url: URL) => RequestMeta): ErrorPages {
  const { config, errorFiles, localeErrorFiles = {}, middleware } = files.description;

  const render = async (names: readonly string[], file: string | undefined, status: number, request: IncomingMessage, response: ServerResponse, url: URL, setHeaders = true, more: RequestMeta = {}): Promise<void> => {
    response.statusCode = status;
    if (setHeaders) response.setHeader('cache-control', NO_STORE); // a page that is missing now may be there tomorrow
    for (const name of names) {
      const pathname = `${config.basePath}${name}`;
      const entry = router.byPathname(pathname);
      if (entry === undefined || entry.runtime === 'edge') continue;
      if (name === '/_error' && file !== undefined) break;
      request.url = pathname;
      await entries.call(entry, request, response, { ...metaOf(request, url), ...more }, url);
      return;
    }
    if (file === undefined) {
      response.setHeader('content-type', 'text/plain; charset=utf-8');
      response.end(status === 404 ? 'This page could not be found' : 'Internal Server Error');
      return;
    }
    const { locale } = metaOf(request, url);
    const localized = typeof locale === 'string' ? localeErrorFiles[`/${locale}/${status}`] : undefined;
    response.setHeader('content-type', 'text/html; charset=utf-8');
    response.end(await readFile(join(files.root, localized ?? file)));
  };

  /** The client then loads the page itself, or shows the one that it has for this. */
  const json = async (_request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> => {
    response.statusCode = 404;
    if (middleware !== undefined) response.setHeader('x-nextjs-matched-path', url.pathname.replace(/^.*\/_next\/data\/[^/]+/, '').replace(/\.json$/, ''));
    response.setHeader('cache-control', NO_STORE);
    response.setHeader('content-type', middleware === undefined ? 'application/json; charset=utf-8' : 'application/json');
    response.end('{}');
  };
  const text = async (response: ServerResponse): Promise<void> => {
    response.statusCode = 404;
    response.setHeader('cache-control', NO_STORE);
    response.setHeader('content-type', 'text/plain; charset=utf-8');
    response.end('Not Found');
  };

  return {
    notFound(request, response, url, setHeaders) {
      const { headers, method } = request;
      if (headers['x-nextjs-data'] !== undefined) return json(request, response, url);
      // Pictures, scripts and the like: nobody would see a page.
      if ((method === 'GET' || method === 'HEAD') && NO_PAGE.has(String(headers['sec-fetch-dest']))) return text(response);
      return render(['/_not-found', '/404', '/_error'], errorFiles.notFound, 404, request, response, url, setHeaders);
    },
    async failed(request, response, url, cause) {
      if (response.headersSent) return void response.destroy();
      // What was said of the answer that did not come about; other headers and cookies stay, as with `next start`.
      for (const name of response.getHeaderNames()) if (/^(?:content-|etag$|last-modified$|cache-control$|location$|refresh$|transfer-encoding$|x-nextjs-)/.test(name)) response.removeHeader(name);
      try {
        await render(errorFiles.error === undefined ? ['/500', '/_error', '/_global-error'] : [], errorFiles.error, 500, request, response, url, true, { query: queryOf(url.searchParams), invokeError: cause instanceof Error ? cause : new Error(String(cause)) });
      } catch (again) {
        console.error(again);
        if (response.headersSent) return void response.destroy();
        response.statusCode = 500;
        response.end('Internal Server Error');
      }
    },
  };
}
