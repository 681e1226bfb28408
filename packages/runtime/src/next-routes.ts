/** Which part of the build answers a request: the phases of `next start`, over the routing tables of the build. */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { Description, Entry } from './next-description.ts';
import { createLocales } from './next-locale.ts';
import { createOutputs, type Output, type Sought } from './next-outputs.ts';
import { compileRules, fill, fillDestination, matchRule, queryOf, searchOf, withQuery, type Asked, type Query, type Rule } from './next-rules.ts';

export type ResponseHeaders = Record<string, string | string[]>;

/** What middleware said, apart from headers: those are in the lists given to it. */
export type MiddlewareResult =
  | Readonly<{ kind: 'next' }>
  | Readonly<{ kind: 'answer'; response: Response }>
  | Readonly<{ kind: 'redirect'; status: number; location: string }>
  | Readonly<{ kind: 'rewrite'; url: URL; status: number }>;
/** Calls middleware with the address it is to see; puts what it sets on the answer into `answer`, and what it sets on the request into the request. */
export type InvokeMiddleware = (url: URL, answer: ResponseHeaders) => Promise<MiddlewareResult>;

/** What to do with a request, and what routing found out about it. */
export type Route = Readonly<{ headers: ResponseHeaders; locale: string | undefined; defaultLocale: string | undefined; pathname: string }> & (
  | Readonly<{ kind: 'answer'; response: Response }>
  | Readonly<{ kind: 'redirect'; status: number; location: string }>
  | Readonly<{ kind: 'proxy'; url: URL }>
  | Readonly<{ kind: 'image' }>
  | Readonly<{ kind: 'file'; pathname: string; status: number | undefined }>
  /** `query`: with what rewrites and dynamic routes added. `plain`: it answers under its own address, and for everybody alike. */
  | Readonly<{ kind: 'entry'; entry: Entry; query: Query; plain: boolean; status: number | undefined }>
  | Readonly<{ kind: 'none' }>
);

export type Router = Readonly<{
  /** `request`: its headers are read anew after middleware, which may change them. */
  route(url: URL, request: Readonly<{ headers: IncomingHttpHeaders }>, invokeMiddleware: InvokeMiddleware): Promise<Route>;
  byPathname(pathname: string): Entry | undefined;
}>;

const REDIRECTS = (status: number | undefined): status is number => status !== undefined && status >= 300 && status < 400;

export function createRouter(description: Description): Router {
  const { config, routing, buildId, middleware } = description;
  const { basePath, trailingSlash } = config;
  const locales = createLocales(config);
  const outputs = createOutputs(description, locales);
  const first = compileRules(routing['beforeMiddleware'], 'i');
  const matchers = compileRules(routing['middlewareMatchers']);
  const phase = (name: string): Rule[] => compileRules(routing[name], 'i');
  const [beforeFiles, afterFiles, fallback, onMatch] = [phase('beforeFiles'), phase('afterFiles'), phase('fallback'), phase('onMatch')] as const;
  const dataPrefix = `${basePath}/_next/data/${buildId}/`;

  /** The page whose data is at this path. */
  const pageOfData = (pathname: string): string | undefined => {
    if (!pathname.startsWith(dataPrefix) || !pathname.endsWith('.json')) return undefined;
    const page = pathname.slice(dataPrefix.length - 1, -'.json'.length);
    return `${basePath}${page === '/index' ? (basePath === '' ? '/' : '') : page}`;
  };
  const inside = (pathname: string): boolean => basePath === '' || pathname === basePath || pathname.startsWith(`${basePath}/`);
  const split = (pathname: string) => locales?.split((inside(pathname) ? pathname.slice(basePath.length) : pathname) || '/');
  /** As rules and outputs know paths: with a locale, but for Next's own. */
  const localized = (pathname: string, locale: string | undefined): string => {
    const parts = split(pathname);
    if (parts === undefined || locale === undefined || parts.locale !== undefined || parts.rest.startsWith('/_next/')) return pathname;
    return `${inside(pathname) ? basePath : ''}/${locale}${parts.rest === '/' && !pathname.endsWith('/') ? '' : parts.rest}`;
  };
  /** As internal rules know them: without the default locale. */
  const unlocalized = (pathname: string, defaultLocale: string | undefined): string => {
    const parts = split(pathname);
    return parts?.locale === undefined || parts.locale !== defaultLocale ? pathname : `${inside(pathname) ? basePath : ''}${parts.rest === '/' && !pathname.endsWith('/') ? '' : parts.rest}` || '/';
  };

  return {
    byPathname: outputs.byPathname,
    async route(url, request, invokeMiddleware) {
      const host = url.hostname.toLowerCase();
      const answer: ResponseHeaders = {};
      const defaultLocale = locales?.defaultFor(host);
      const isData = url.pathname.startsWith(`${basePath}/_next/data/`);
      const page = middleware === undefined ? undefined : pageOfData(url.pathname);
      const start = page === undefined ? url.pathname : trailingSlash && config.skipProxyUrlNormalize !== true && !page.endsWith('/') ? `${page}/` : page;
      const named = split(start)?.locale;
      const ownPath = (inside(url.pathname) ? url.pathname.slice(basePath.length) : url.pathname) || '/';
      const varies = !isData && locales?.varies(ownPath) === true;
      let locale = named ?? defaultLocale;
      let pathname = localized(start, locale);
      let query = queryOf(url.searchParams);
      let rewritten = false;
      let status: number | undefined;

      const asked = (): Asked => ({ query, headers: request.headers, host });
      const known = () => ({ headers: answer, locale, defaultLocale, pathname });
      const sought = (): Sought => {
        const data = isData && page === undefined ? pageOfData(pathname) : undefined;
        return { pathname: data === undefined ? pathname : localized(data, locale), named: named !== undefined && !rewritten, data: data !== undefined };
      };
      const setHeaders = (rule: Rule, captures: ReadonlyMap<string, string>): void => {
        for (const [name, value] of rule.headers) if (name.toLowerCase() !== 'location') setHeader(answer, fill(name, captures).toLowerCase(), fill(value, captures));
      };
      const move = (to: string, more: Query, keep: boolean): void => {
        locale = split(to)?.locale ?? locale;
        pathname = localized(to, locale);
        query = keep ? { ...query, ...more } : more;
        rewritten = true;
      };
      const found = (output: Output): Route => {
        const path = isData ? url.pathname : pathname;
        for (const rule of onMatch) {
          const captures = matchRule(rule, path, asked());
          if (captures !== undefined) setHeaders(rule, captures);
        }
        if (output.kind === 'image') return { ...known(), ...output };
        if (output.kind === 'file') return { ...known(), ...output, status };
        return { ...known(), kind: 'entry', entry: output.entry, query: { ...query, ...output.params }, plain: !rewritten && !varies, status };
      };
      const resolve = (): Output | undefined => {
        const target = sought();
        return outputs.byName(target) ?? outputs.byPattern(target, asked());
      };
      /** Applies a rewrite; answers where it leads when that is outside. */
      const rewrite = (rule: Rule): { applied: boolean; outside?: URL } => {
        const captures = rule.destination === undefined ? undefined : matchRule(rule, pathname, asked());
        if (captures === undefined || rule.destination === undefined) return { applied: false };
        if (/^https?:\/\//.test(rule.destination)) return { applied: true, outside: new URL(withQuery(fill(rule.destination, captures), searchOf(query))) };
        const target = fillDestination(rule.destination, captures);
        // The client of the App Router learns so which page it got, and with what.
        if (request.headers['rsc'] !== undefined) {
          if (target.pathname !== pathname) answer['x-nextjs-rewritten-path'] = target.pathname;
          answer['x-nextjs-rewritten-query'] = searchOf(target.query).slice(1);
        }
        move(target.pathname, target.query, true);
        return { applied: true };
      };

      const home = locales?.redirect(ownPath, url.search, host, request.headers);
      if (home !== undefined) return { ...known(), kind: 'redirect', status: 307, location: home };

      for (const rule of first) {
        // Data of pages is asked for at addresses that are never redirected to the form that pages have.
        if (rule.internal && isData) continue;
        // Outside of the basePath a path is as it is written: rules for it say so.
        const captures = matchRule(rule, rule.internal ? unlocalized(pathname, defaultLocale) : inside(url.pathname) ? pathname : url.pathname, asked());
        if (captures === undefined) continue;
        setHeaders(rule, captures);
        if (!REDIRECTS(rule.status)) continue;
        const location = rule.destination ?? rule.headers.find(([name]) => name.toLowerCase() === 'location')?.[1];
        if (location !== undefined) return { ...known(), kind: 'redirect', status: rule.status, location: withQuery(singleSlashes(fill(location, captures) || '/'), url.search) };
      }

      if (middleware !== undefined && isFor(matchers, pathname, asked())) {
        const seen = new URL(url);
        if (config.skipProxyUrlNormalize !== true) seen.pathname = pathname;
        const result = await invokeMiddleware(seen, answer);
        switch (result.kind) {
          case 'answer': return { ...known(), ...result };
          case 'redirect': return { ...known(), ...result };
          case 'rewrite':
            if (result.url.origin !== url.origin) return { ...known(), kind: 'proxy', url: result.url };
            move(result.url.pathname, queryOf(result.url.searchParams), false);
            if (result.status !== 200) ({ status } = result);
            break;
          case 'next':
        }
      }

      for (const rule of beforeFiles) {
        const { outside } = rewrite(rule);
        if (outside !== undefined) return { ...known(), kind: 'proxy', url: outside };
      }
      const direct = outputs.byName(sought());
      if (direct !== undefined) return found(direct);
      for (const rule of afterFiles) {
        const { applied, outside } = rewrite(rule);
        if (outside !== undefined) return { ...known(), kind: 'proxy', url: outside };
        const output = applied ? resolve() : undefined;
        if (output !== undefined) return found(output);
      }
      const dynamic = resolve();
      if (dynamic !== undefined) return found(dynamic);
      for (const rule of fallback) {
        const { applied, outside } = rewrite(rule);
        if (outside !== undefined) return { ...known(), kind: 'proxy', url: outside };
        const output = applied ? resolve() : undefined;
        if (output !== undefined) return found(output);
      }
      return { ...known(), kind: 'none' };
    },
  };
}

/** Middleware is for a path when one of its matchers is, written either way. */
function isFor(matchers: readonly Rule[], pathname: string, asked: Asked): boolean {
  let decoded = pathname;
  try {
    decoded = decodeURIComponent(pathname);
  } catch {
    // matched as it is written
  }
  return matchers.some((rule) => matchRule(rule, pathname, asked) !== undefined || (decoded !== pathname && matchRule(rule, decoded, asked) !== undefined));
}

function setHeader(headers: ResponseHeaders, name: string, value: string): void {
  if (name !== 'set-cookie') headers[name] = value;
  else headers[name] = [...[headers[name] ?? []].flat(), value];
}

/** A redirect stays on its host: "//" at its start would name another one. */
const singleSlashes = (location: string): string => (/^https?:\/\//.test(location) ? location : location.replace(/^[/\\]{2,}/, '/'));

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
