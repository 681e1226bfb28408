/** Which entry point answers a request: Next's own routing over the tables of the build. */
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { isRecord } from './environment.ts';
import type { Entry, FunctionFiles } from './next-description.ts';

export type MiddlewareResult = { bodySent?: boolean; requestHeaders?: Headers; responseHeaders?: Headers; redirect?: { url: URL; status: number }; rewrite?: URL };
type Resolved = {
  middlewareResponded?: boolean; externalRewrite?: URL; redirect?: { url: URL; status: number }; resolvedPathname?: string; resolvedHeaders?: Headers; status?: number;
  invocationTarget?: { pathname: string; query: Record<string, string | string[]> };
};
export type RoutingModule = {
  resolveRoutes(parameters: Record<string, unknown>): Promise<Resolved>;
  responseToMiddlewareResult(response: Response, requestHeaders: Headers, url: URL): MiddlewareResult;
};

/** What to do with a request. `headers` are to be set on the answer. */
export type Route = Readonly<{ headers: Headers }> & (
  | Readonly<{ kind: 'done' }>
  | Readonly<{ kind: 'redirect'; status: number; location: string }>
  | Readonly<{ kind: 'proxy'; url: URL }>
  | Readonly<{ kind: 'image' }>
  | Readonly<{ kind: 'file'; pathname: string; status: number | undefined }>
  /** `url`: what the entry point is called with, when routing changed it. */
  | Readonly<{ kind: 'entry'; entry: Entry; url: string | undefined; status: number | undefined }>
  | Readonly<{ kind: 'none'; status: number | undefined }>
);

export type Router = Readonly<{
  route(url: URL, headers: Headers, invokeMiddleware: (url: URL, headers: Headers) => Promise<MiddlewareResult>): Promise<Route>;
  byPathname(pathname: string): Entry | undefined;
  readonly module: RoutingModule;
}>;

export function createRouter({ description, root, require }: FunctionFiles): Router {
  const module: RoutingModule = require(join(root, '.anchor/routing.js'));
  const { config, buildId } = description;
  const entries = new Map<string, Entry>();
  const files = new Map<string, string>();
  for (const entry of description.entries) for (const form of formsOf(entry.pathname, config.trailingSlash)) entries.set(form, entry);
  for (const entry of description.entries) {
    const path = dataPathOf(entry, description);
    if (path !== undefined && !entries.has(path)) entries.set(path, entry);
  }
  for (const pathname of description.served) {
    const isPage = !/\.[^/]*$/.test(pathname);
    for (const form of [pathname, ...localized(pathname, config)].flatMap((path) => formsOf(path, isPage && config.trailingSlash))) if (!files.has(form)) files.set(form, pathname);
  }
  const imagePath = typeof config.images?.['path'] === 'string' ? config.images['path'] : `${config.basePath}/_next/image`;
  const pathnames = [...new Set([...entries.keys(), ...files.keys(), imagePath])];

  // Data of pages is asked for at /_next/data/…, whose address is never redirected to the form that pages have.
  const dataRouting = { ...description.routing, beforeMiddleware: listOf(description.routing['beforeMiddleware']).filter((rule) => !(isRecord(rule) && rule['priority'] === true)) };
  const isData = (pathname: string): boolean => pathname.startsWith(`${config.basePath}/_next/data/`);

  return {
    module,
    byPathname: (pathname) => entries.get(pathname),
    async route(url, headers, invokeMiddleware) {
      let byMiddleware: URL | undefined;
      const resolved = await module.resolveRoutes({
        url, headers, buildId, basePath: config.basePath, i18n: config.i18n ?? undefined, pathnames, routes: isData(url.pathname) ? dataRouting : description.routing, requestBody: undefined,
        invokeMiddleware: async ({ url, headers }: { url: URL; headers: Headers }) => {
          const result = await invokeMiddleware(url, headers);
          byMiddleware = result.rewrite;
          return result;
        },
      });
      const answer = resolved.resolvedHeaders ?? new Headers();
      const { status } = resolved;
      if (resolved.middlewareResponded === true) return { kind: 'done', headers: answer };
      if (resolved.externalRewrite !== undefined) {
        // A rewrite of the configuration takes the query along; middleware has said exactly what it wants.
        const target = resolved.externalRewrite;
        return { kind: 'proxy', url: target === byMiddleware ? target : withQuery(target, url), headers: answer };
      }
      if (resolved.redirect !== undefined) return { kind: 'redirect', status: resolved.redirect.status, location: answer.get('location') ?? resolved.redirect.url.toString(), headers: answer };
      const location = answer.get('location');
      if (status !== undefined && status >= 300 && status < 400 && location !== null) return { kind: 'redirect', status, location, headers: answer };
      const { resolvedPathname: pathname } = resolved;
      if (pathname === undefined) return { kind: 'none', status, headers: answer };
      if (pathname === imagePath) return { kind: 'image', headers: answer };
      const entry = entries.get(pathname);
      if (entry === undefined) {
        const file = files.get(pathname);
        return file === undefined ? { kind: 'none', status, headers: answer } : { kind: 'file', pathname: file, status, headers: answer };
      }
      let target = resolved.invocationTarget;
      // Routing gives a page's own address also when its data was asked for; the entry point tells the two apart by it.
      if (target !== undefined && entry.type === 'PAGES' && isData(url.pathname) && !isData(target.pathname)) {
        target = { ...target, pathname: dataPathOf({ type: 'PAGES', pathname: target.pathname.replace(/\/$/, '') }, description) ?? target.pathname };
      }
      return { kind: 'entry', entry, status, headers: answer, url: target === undefined ? undefined : changed(url, target) };
    },
  };
}

/** Where the client asks for the data of a page of `pages/`; the build names it only for some of them. */
function dataPathOf({ type, pathname }: Pick<Entry, 'type' | 'pathname'>, { config: { basePath }, buildId }: FunctionFiles['description']): string | undefined {
  const path = pathname.slice(basePath.length);
  return type !== 'PAGES' || path.startsWith('/_next/') ? undefined : `${basePath}/_next/data/${buildId}${path === '' || path === '/' ? '/index' : path}.json`;
}

/** Routing puts the locale before every path, also before those of files, which have none. */
function localized(pathname: string, { basePath, i18n }: FunctionFiles['description']['config']): string[] {
  const locales = isRecord(i18n) ? listOf(i18n['locales']) : [];
  return locales.filter((locale) => typeof locale === 'string').map((locale) => `${basePath}/${locale}${pathname.slice(basePath.length)}`);
}

const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

/** A path is asked for encoded, and with a slash at its end where the app wants that. */
const formsOf = (pathname: string, trailingSlash: boolean): string[] => {
  const forms = [pathname];
  const encoded = pathname.split('/').map(encodeSegment).join('/');
  if (encoded !== pathname) forms.push(encoded);
  return trailingSlash && pathname !== '/' ? forms.flatMap((form) => [form, `${form}/`]) : forms;
};
/** As browsers write it in a path. */
const encodeSegment = (segment: string): string => {
  try {
    return new URL(`http://n/${segment.replaceAll('%', '%25').replaceAll('?', '%3F').replaceAll('#', '%23')}`).pathname.slice(1);
  } catch {
    return segment;
  }
};

/** Routing adds what it matched in a path to the query, decoded and so without the difference between "/" and "%2F": the path itself tells better. */
const MATCHED_PARAMETER = /^nxt[PI]/;

function changed(url: URL, target: { pathname: string; query: Record<string, string | string[]> }): string | undefined {
  const query = new URLSearchParams();
  for (const [name, values] of Object.entries(target.query)) if (!MATCHED_PARAMETER.test(name) || url.searchParams.has(name)) for (const value of Array.isArray(values) ? values : [values]) query.append(name, value);
  if (target.pathname === url.pathname && query.toString() === url.searchParams.toString()) return undefined;
  return query.size === 0 ? target.pathname : `${target.pathname}?${query}`;
}

function withQuery(target: URL, from: URL): URL {
  const merged = new URL(target);
  for (const [name, value] of from.searchParams) if (!target.searchParams.has(name)) merged.searchParams.append(name, value);
  return merged;
}

/** The address as the visitor wrote it, from what the edge forwards; undefined when it is none. */
export function urlOf(request: IncomingMessage): URL | undefined {
  const first = (header: string | string[] | undefined): string | undefined => (Array.isArray(header) ? header[0] : header)?.split(',')[0]?.trim();
  const scheme = first(request.headers['x-forwarded-proto']) === 'https' ? 'https' : 'http';
  const path = request.url ?? '/';
  for (const host of [first(request.headers['x-forwarded-host']) ?? request.headers.host ?? 'localhost', 'localhost']) {
    try {
      return new URL(path.startsWith('/') ? `${scheme}://${host}${path}` : path);
    } catch {
      // a host that is no host
    }
  }
  return undefined;
}
