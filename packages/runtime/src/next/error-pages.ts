/** The app's own pages for "not found" and "failed". */
import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import type { FunctionFiles } from '../routing/description.ts';
import type { Entries, RequestMeta } from './entries.ts';
import type { Router } from '../routing/route.ts';
import { queryOf } from '../routing/rules.ts';

/** Destinations of subresources, as in Sec-Fetch-Dest. */
const NO_PAGE = new Set([
  'audio',
  'audioworklet',
  'font',
  'image',
  'json',
  'manifest',
  'paintworklet',
  'report',
  'script',
  'serviceworker',
  'sharedworker',
  'style',
  'track',
  'video',
  'webidentity',
  'worker',
  'xslt',
]);
const NO_STORE = 'private, no-cache, no-store, max-age=0, must-revalidate';

/** How to render one error page: pages of the app in order of preference, then a file that the build made. */
type Wanted = Readonly<{ status: 404 | 500; names: readonly string[]; file: string | undefined; meta?: RequestMeta }>;

export class ErrorPages {
  readonly #files: FunctionFiles;
  readonly #router: Router;
  readonly #entries: Entries;
  readonly #metaOf: (request: IncomingMessage, url: URL) => RequestMeta;

  constructor(
    files: FunctionFiles,
    router: Router,
    entries: Entries,
    metaOf: (request: IncomingMessage, url: URL) => RequestMeta,
  ) {
    this.#files = files;
    this.#router = router;
    this.#entries = entries;
    this.#metaOf = metaOf;
  }

  /** Sends the 404 page. With `setHeaders` false the cache headers of the response stay unchanged. */
  async notFound(request: IncomingMessage, response: ServerResponse, url: URL, setHeaders = true): Promise<void> {
    const { config, errorFiles, middleware } = this.#files.description;
    const { headers, method } = request;
    // Without a proxy the App Router's own page is served for missing data too: the browser then loads the page itself.
    if (
      headers['x-nextjs-data'] !== undefined &&
      (middleware !== undefined || this.#router.byPathname(`${config.basePath}/_not-found`) === undefined)
    )
      return this.#sendJson(response, url);
    // Images, scripts and the like: an HTML page would not be shown.
    if ((method === 'GET' || method === 'HEAD') && NO_PAGE.has(String(headers['sec-fetch-dest'])))
      return sendText(response);
    if (setHeaders) response.setHeader('cache-control', NO_STORE); // a page that is missing now may be there tomorrow
    const names = ['/_not-found', '/404', '/_error'];
    return this.#render({ status: 404, names, file: errorFiles.notFound }, request, response, url);
  }

  /**
   * Sends the error page. After headers were sent the connection is reset, so that a client cannot take a partial
   * response for a complete one.
   */
  async failed(request: IncomingMessage, response: ServerResponse, url: URL, cause: unknown): Promise<void> {
    if (response.headersSent) return void response.destroy();
    const { errorFiles } = this.#files.description;
    removeHeadersOfBody(response);
    response.setHeader('cache-control', NO_STORE);
    const names = errorFiles.error === undefined ? ['/500', '/_error', '/_global-error'] : [];
    const invokeError = cause instanceof Error ? cause : new Error(String(cause));
    const meta = { query: queryOf(url.searchParams), invokeError };
    try {
      await this.#render({ status: 500, names, file: errorFiles.error, meta }, request, response, url);
    } catch (failure) {
      console.error(failure);
      if (response.headersSent) return void response.destroy();
      response.statusCode = 500;
      response.end('Internal Server Error');
    }
  }

  async #render(
    { status, names, file, meta }: Wanted,
    request: IncomingMessage,
    response: ServerResponse,
    url: URL,
  ): Promise<void> {
    response.statusCode = status;
    for (const name of names) {
      const pathname = `${this.#files.description.config.basePath}${name}`;
      const entry = this.#router.byPathname(pathname);
      if (entry === undefined || entry.runtime === 'edge') continue;
      if (name === '/_error' && file !== undefined) break;
      request.url = pathname;
      return this.#entries.call(entry, request, response, { ...this.#metaOf(request, url), ...meta }, url);
    }
    if (file === undefined) {
      response.setHeader('content-type', 'text/plain; charset=utf-8');
      response.end(status === 404 ? 'This page could not be found' : 'Internal Server Error');
      return;
    }
    const { locale } = this.#metaOf(request, url);
    const { localeErrorFiles = {} } = this.#files.description;
    const localized = typeof locale === 'string' ? localeErrorFiles[`/${locale}/${status}`] : undefined;
    response.setHeader('content-type', 'text/html; charset=utf-8');
    response.end(await readFile(join(this.#files.root, localized ?? file)));
  }

  /** Sends JSON, after which the client loads the page itself, or shows the one that it has for this. */
  #sendJson(response: ServerResponse, url: URL): void {
    const { config, middleware } = this.#files.description;
    response.statusCode = 404;
    if (middleware !== undefined)
      response.setHeader(
        'x-nextjs-matched-path',
        `${config.basePath}${url.pathname
          .slice(`${config.basePath}/_next/data/`.length)
          .replace(/^[^/]*/, '')
          .replace(/\.json$/, '')}`,
      );
    response.setHeader('cache-control', NO_STORE);
    response.setHeader(
      'content-type',
      middleware === undefined ? 'application/json; charset=utf-8' : 'application/json',
    );
    response.end('{}');
  }
}

function sendText(response: ServerResponse): void {
  response.statusCode = 404;
  response.setHeader('cache-control', NO_STORE);
  response.setHeader('content-type', 'text/plain; charset=utf-8');
  response.end('Not Found');
}

/** Removes headers that describe the response that failed. Other headers and cookies stay, as with `next start`. */
function removeHeadersOfBody(response: ServerResponse): void {
  for (const name of response.getHeaderNames())
    if (/^(?:content-|etag$|last-modified$|cache-control$|location$|refresh$|transfer-encoding$|x-nextjs-)/.test(name))
      response.removeHeader(name);
}
