/** One request through a built Next app: routing, middleware, entry point, error pages. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { order } from './app-response.ts';
import { isRecord } from './environment.ts';
import { proxyTo } from './external-proxy.ts';
import type { InFlight } from './in-flight.ts';
import type { Entry, FunctionFiles } from './next-description.ts';
import { sendWebBody } from './next-edge.ts';
import { createEntries, type RequestMeta } from './next-entry.ts';
import { createErrorPages } from './next-errors.ts';
import { createImages } from './next-images.ts';
import { refuseMethod } from './next-methods.ts';
import { runMiddleware } from './next-middleware.ts';
import { createOnDemandRevalidation } from './next-revalidate.ts';
import { createRouter, urlOf, type ResponseHeaders, type Route } from './next-routes.ts';
import { searchOf } from './next-rules.ts';
import { takeState } from './next-resume.ts';
import { createRefresh } from './next-refresh.ts';
import { currentPage, inPageScope, REFRESH_HEADER, released } from './page-scope.ts';

export type Application = Readonly<{ handle(request: IncomingMessage, response: ServerResponse): Promise<void> }>;

export function createApplication(files: FunctionFiles, cacheDir: string | undefined, inFlight: InFlight): Application {
  const { middleware } = files.description;
  const router = createRouter(files.description);
  /** Found by routing; pages for errors are made in the visitor's language too. */
  const locales = new WeakMap<IncomingMessage, Pick<RequestMeta, 'locale' | 'defaultLocale'>>();
  const waitUntil = (work: Promise<unknown>): void => {
    currentPage()?.work.push(work);
    inFlight.waitUntil(work);
  };
  const entries = createEntries(files, waitUntil);

  const metaOf = (request: IncomingMessage, url: URL): RequestMeta => ({
    ...locales.get(request),
    relativeProjectDir: '.',
    distDir: files.distDir,
    hostname: url.hostname,
    initURL: url.toString(),
    initProtocol: url.protocol.slice(0, -1),
    revalidate,
    // Next says with the last one whether headers of its own are to be set: not when the page that is missing is cached.
    render404: (request: IncomingMessage, response: ServerResponse, _url?: unknown, setHeaders?: boolean) => errors.notFound(request, response, url, setHeaders),
  });
  const errors = createErrorPages(files, router, entries, metaOf);
  const images = createImages(files, cacheDir, waitUntil, (request, response) => handle(request, response));

  const { rsc } = files.description.routing;
  const vary = isRecord(rsc) && typeof rsc['varyHeader'] === 'string' ? rsc['varyHeader'] : undefined;
  const refresh = createRefresh((request, response) => respond(request, response), vary);

  /** Where renders of requests go on from. */
  const states = new WeakMap<IncomingMessage, string>();
  const resumed = (request: IncomingMessage): RequestMeta => {
    const postponed = states.get(request);
    return postponed === undefined ? {} : { postponed };
  };

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const state = await takeState(request);
    if (state !== undefined) states.set(request, state);
    if (request.headers[REFRESH_HEADER] !== undefined) return refresh(request, response);
    return inPageScope(request, response, false, async (scope) => {
      await respond(request, response);
      if (scope.locks.size > 0) inFlight.waitUntil(released(scope));
    });
  };

  const respond = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = urlOf(request);
    if (url === undefined) {
      response.statusCode = 400;
      response.end('Bad Request');
      return;
    }
    // The client says so itself, but what it says is not let in: the address tells.
    if (url.pathname.startsWith(`${files.description.config.basePath}/_next/data/`)) request.headers['x-nextjs-data'] = '1';
    try {
      const page = currentPage();
      const route = await router.route(url, request, async (seen, headers) => {
        if (middleware === undefined) return { kind: 'next' };
        if (page !== undefined) page.plain = false;
        return runMiddleware({ entries, middleware }, request, response, metaOf(request, seen), seen, headers);
      });
      if (page !== undefined) page.plain ??= route.kind === 'entry' && route.plain;
      if (route.locale !== undefined) locales.set(request, { locale: route.locale, defaultLocale: route.defaultLocale });
      await answer(route, request, response, url);
    } catch (cause) {
      if (isNoFallback(cause)) return await errors.notFound(request, response, url).catch((again: unknown) => errors.failed(request, response, url, again));
      // Next has logged what its entry points throw; what never came that far has not been.
      if (!(cause instanceof Error) || !wasLogged(cause)) console.error(cause);
      await errors.failed(request, response, url, cause);
    }
  };

  const answer = async (route: Route, request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> => {
    setHeaders(response, route.headers);
    if (refuseMethod(route, request, response)) return;
    switch (route.kind) {
      case 'redirect':
        response.statusCode = route.status;
        response.setHeader('location', route.location);
        response.end(route.location);
        return;
      case 'answer':
        response.statusCode = route.response.status;
        return sendWebBody(route.response, response);
      case 'proxy':
        return proxyTo(route.url, request, response);
      case 'image':
        if (!(await images.serve(request, response, url))) await errors.notFound(request, response, url);
        return;
      case 'file':
        // The edge has this file: it answers with it, keeping our status and our other headers.
        response.statusCode = route.status ?? 200;
        if (request.headers['x-nextjs-data'] !== undefined) response.setHeader('x-nextjs-matched-path', route.pathname.slice(files.description.config.basePath.length) || '/');
        order(response, 'x-anchor-serve', encodeURI(route.pathname));
        response.end();
        return;
      case 'none':
        return errors.notFound(request, response, url);
      case 'entry': {
        if (ownPage(route.entry, '_error')) return errors.notFound(request, response, url);
        // The data of these pages is what the browser shows them with: it is there.
        const isData = request.headers['x-nextjs-data'] !== undefined;
        if (!isData && ownPage(route.entry, '404')) response.statusCode = 404;
        else if (!isData && ownPage(route.entry, '500')) response.statusCode = 500;
        else if (route.status !== undefined) response.statusCode = route.status;
        if (request.headers['x-middleware-prefetch'] !== undefined && route.entry.prerendered !== true) return skipPrefetch(response);
        const { entry, query } = route;
        return entries.call(entry, request, response, { ...metaOf(request, url), ...resumed(request), query }, entry.runtime === 'edge' ? withSearch(url, searchOf(query)) : url);
      }
    }
  };

  const revalidate = createOnDemandRevalidation(handle);
  return { handle };
}

function withSearch(url: URL, search: string): URL {
  const address = new URL(url);
  address.search = search;
  return address;
}

const ownPage = ({ pathname, type }: Entry, name: string): boolean => type === 'PAGES' && pathname.endsWith(`/${name}`) && pathname.split('/').length <= 4;

/** The browser only wanted to know whether there is something to have before a visit: pages made for each request are not. */
function skipPrefetch(response: ServerResponse): void {
  response.setHeader('x-middleware-skip', '1');
  response.setHeader('cache-control', 'private, no-cache, no-store, max-age=0, must-revalidate');
  response.end('{}');
}

function setHeaders(response: ServerResponse, headers: ResponseHeaders): void {
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
}

const isNoFallback = (cause: unknown): boolean => cause instanceof Error && cause.constructor.name === 'NoFallbackError';
/** Errors of a render carry a digest since Next logged them. */
const wasLogged = (cause: Error): boolean => 'digest' in cause;
