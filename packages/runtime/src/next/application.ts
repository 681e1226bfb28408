/** One request through a built Next app: routing, middleware, entry point, error pages. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { REFRESH_HEADER, SERVE_FILE_HEADER } from '@anchor/protocol/headers.ts';
import { setInternalHeader } from '../process/app-response.ts';
import { isRecord } from '../process/environment.ts';
import { proxyTo } from '../process/external-proxy.ts';
import type { InFlight } from '../process/in-flight.ts';
import { isErrorPage, type Entry, type ErrorPage, type FunctionFiles } from '../routing/description.ts';
import { sendWebBody } from './edge-runtime.ts';
import { createEntries, type Entries, type RequestMeta } from './entries.ts';
import { ErrorPages } from './error-pages.ts';
import { Images } from './images.ts';
import { refuseMethod } from '../routing/methods.ts';
import { runMiddleware } from './middleware.ts';
import { createOnDemandRevalidation } from './revalidate.ts';
import { urlOf } from '../routing/request-url.ts';
import type { ResponseHeaders, Route, Router } from '../routing/route.ts';
import { createRouter } from '../routing/router.ts';
import { decode } from '@anchor/protocol/route-rules.ts';
import { searchOf, type Query } from '../routing/rules.ts';
import { OwnFiles } from './own-files.ts';
import { takeState } from './resume.ts';
import { createRefresh } from './refresh.ts';
import { currentRender, runInRenderContext, releaseLocks } from '../cache/render-context.ts';

type Handle = (request: IncomingMessage, response: ServerResponse) => Promise<void>;
type RouteOf<Kind extends Route['kind']> = Extract<Route, { kind: Kind }>;

export class Application {
  readonly #files: FunctionFiles;
  readonly #inFlight: InFlight;
  readonly #router: Router;
  readonly #entries: Entries;
  readonly #errors: ErrorPages;
  readonly #images: Images;
  readonly #ownFiles: OwnFiles;
  readonly #refresh: Handle;
  readonly #revalidate: RequestMeta[string];
  /** Found by routing; pages for errors are made in the visitor's language too. */
  readonly #locales = new WeakMap<IncomingMessage, Pick<RequestMeta, 'locale' | 'defaultLocale'>>();
  /** States from which renders resume, by request. */
  readonly #states = new WeakMap<IncomingMessage, string>();

  /** Creates the application. `cacheDir`: the directory that all processes of the deployment share. */
  constructor(files: FunctionFiles, cacheDir: string | undefined, inFlight: InFlight) {
    this.#files = files;
    this.#inFlight = inFlight;
    const { config, routing } = files.description;
    const waitUntil = (work: Promise<unknown>): void => {
      currentRender()?.work.push(work);
      inFlight.waitUntil(work);
    };
    const handle: Handle = (request, response) => this.handle(request, response);
    this.#router = createRouter(files.description);
    this.#entries = createEntries(files, waitUntil);
    this.#errors = new ErrorPages(files, this.#router, this.#entries, (request, url) => this.#metaOf(request, url));
    this.#images = new Images(files, cacheDir, waitUntil, handle);
    this.#ownFiles = new OwnFiles(files);
    this.#revalidate = createOnDemandRevalidation(handle, config.basePath);
    const { rsc } = routing;
    const vary = isRecord(rsc) && typeof rsc['varyHeader'] === 'string' ? rsc['varyHeader'] : undefined;
    this.#refresh = createRefresh((request, response) => this.#respond(request, response), vary);
  }

  /** Handles one request. */
  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const state = await takeState(request);
    if (state !== undefined) this.#states.set(request, state);
    if (request.headers[REFRESH_HEADER] !== undefined) return this.#refresh(request, response);
    return runInRenderContext(request, response, false, async (scope) => {
      await this.#respond(request, response);
      if (scope.locks.size > 0) this.#inFlight.waitUntil(releaseLocks(scope));
    });
  }

  async #respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = urlOf(request);
    if (url === undefined) {
      response.statusCode = 400;
      response.end('Bad Request');
      return;
    }
    // The client sends a header for it, which the edge removes: the address decides.
    if (url.pathname.startsWith(`${this.#files.description.config.basePath}/_next/data/`))
      request.headers['x-nextjs-data'] = '1';
    // Middleware may replace the headers of the request.
    const isFromEdge = request.headers['x-request-id'] !== undefined;
    try {
      const route = await this.#route(request, response, url);
      await this.#dispatch(route, request, response, url, isFromEdge);
    } catch (cause) {
      await this.#failed(request, response, url, cause);
    }
  }

  async #route(request: IncomingMessage, response: ServerResponse, url: URL): Promise<Route> {
    const { middleware } = this.#files.description;
    const page = currentRender();
    const route = await this.#router.route(url, request, async (seen, headers) => {
      if (middleware === undefined) return { kind: 'next' };
      if (page !== undefined) page.unrewritten = false;
      const meta = this.#metaOf(request, seen);
      return runMiddleware({ entries: this.#entries, middleware }, request, response, meta, seen, headers);
    });
    if (page !== undefined) page.unrewritten ??= route.kind === 'entry' && route.plain;
    if (route.locale !== undefined)
      this.#locales.set(request, { locale: route.locale, defaultLocale: route.defaultLocale });
    return route;
  }

  async #failed(request: IncomingMessage, response: ServerResponse, url: URL, cause: unknown): Promise<void> {
    if (isNoFallback(cause))
      return await this.#errors
        .notFound(request, response, url)
        .catch((cause: unknown) => this.#errors.failed(request, response, url, cause));
    // Next has logged what its entry points throw; what never came that far has not been.
    if (!(cause instanceof Error) || !wasLogged(cause)) console.error(cause);
    await this.#errors.failed(request, response, url, cause);
  }

  async #dispatch(
    route: Route,
    request: IncomingMessage,
    response: ServerResponse,
    url: URL,
    isFromEdge: boolean,
  ): Promise<void> {
    setHeaders(response, route.headers);
    if (refuseMethod(this.#files.description, route, request, response)) return;
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
        if (!(await this.#images.serve(request, response, url))) await this.#errors.notFound(request, response, url);
        return;
      case 'file':
        // The app requests it of itself, past the edge. `res.revalidate` only wants to know whether it exists.
        if (isFromEdge || request.method === 'HEAD') return this.#leaveToEdge(route, request, response);
        if (!(await this.#ownFiles.send(route, response))) await this.#errors.notFound(request, response, url);
        return;
      case 'none':
        return this.#errors.notFound(request, response, url);
      case 'entry':
        return this.#callEntry(route, request, response, url);
    }
  }

  /** Leaves the body to the edge, which has this file. Status and other headers of this response stay. */
  #leaveToEdge(route: RouteOf<'file'>, request: IncomingMessage, response: ServerResponse): void {
    response.statusCode = route.status ?? 200;
    if (request.headers['x-nextjs-data'] !== undefined)
      response.setHeader(
        'x-nextjs-matched-path',
        route.pathname.slice(this.#files.description.config.basePath.length) || '/',
      );
    setInternalHeader(response, SERVE_FILE_HEADER, encodeURI(route.pathname));
    response.end();
  }

  async #callEntry(
    { entry, query, status }: RouteOf<'entry'>,
    request: IncomingMessage,
    response: ServerResponse,
    url: URL,
  ): Promise<void> {
    if (this.#isOwnPage(entry, '_error')) return this.#errors.notFound(request, response, url);
    // The data of these pages is what the browser shows them with: it is there.
    const isData = request.headers['x-nextjs-data'] !== undefined;
    if (!isData && this.#isOwnPage(entry, '404')) response.statusCode = 404;
    else if (!isData && this.#isOwnPage(entry, '500')) response.statusCode = 500;
    else if (status !== undefined) response.statusCode = status;
    if (request.headers['x-middleware-prefetch'] !== undefined && entry.prerendered !== true)
      return skipPrefetch(response);
    const postponed = this.#states.get(request);
    return this.#entries.call(
      entry,
      request,
      response,
      { ...this.#metaOf(request, url), ...(postponed === undefined ? {} : { postponed }), query },
      entry.runtime === 'edge' ? withSearch(url, searchOf(edgeQuery(entry, query))) : url,
    );
  }

  #isOwnPage(entry: Entry, name: ErrorPage): boolean {
    return entry.type === 'PAGES' && isErrorPage(this.#files.description.config, entry, [name]);
  }

  #metaOf(request: IncomingMessage, url: URL): RequestMeta {
    return {
      ...this.#locales.get(request),
      relativeProjectDir: '.',
      distDir: this.#files.distDir,
      hostname: url.hostname,
      initURL: url.toString(),
      initProtocol: url.protocol.slice(0, -1),
      revalidate: this.#revalidate,
      // Next's last argument decides whether headers of its own are to be set: not when the missing page is cached.
      render404: (request: IncomingMessage, response: ServerResponse, _url?: unknown, setHeaders?: boolean) =>
        this.#errors.notFound(request, response, url, setHeaders),
    };
  }
}

/**
 * Returns the query for an edge entry point. Those of the Pages Router get parameters in the query, under their own
 * names, as with `next start`.
 */
function edgeQuery({ type }: Entry, query: Query): Query {
  if (type !== 'PAGES' && type !== 'PAGES_API') return query;
  const params = Object.entries(query).flatMap(([key, value]) =>
    key.length > PARAM.length && key.startsWith(PARAM) ? [[key.slice(PARAM.length), value] as const] : [],
  );
  const plain = Object.entries(query).filter(([key]) => !key.startsWith(PARAM));
  return Object.fromEntries([
    ...plain,
    ...params.map(([name, value]) => [name, Array.isArray(value) ? value.map(decode) : decode(value)] as const),
  ]);
}
const PARAM = 'nxtP';

function withSearch(url: URL, search: string): URL {
  const address = new URL(url);
  address.search = search;
  return address;
}

/**
 * Responds to a prefetch without rendering: the browser only checks whether there is something to prefetch, and pages
 * rendered on request are not.
 */
function skipPrefetch(response: ServerResponse): void {
  response.setHeader('x-middleware-skip', '1');
  response.setHeader('cache-control', 'private, no-cache, no-store, max-age=0, must-revalidate');
  response.end('{}');
}

function setHeaders(response: ServerResponse, headers: ResponseHeaders): void {
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
}

const isNoFallback = (cause: unknown): boolean =>
  cause instanceof Error && cause.constructor.name === 'NoFallbackError';
/** Returns whether Next has logged an error of a render: it then carries a digest. */
const wasLogged = (cause: Error): boolean => 'digest' in cause;
