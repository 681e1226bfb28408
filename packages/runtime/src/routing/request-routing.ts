import type { IncomingHttpHeaders } from 'node:http';
import { withQuery, type Captures } from '@anchor/protocol/route-rules.ts';
import type { Locales } from './locale.ts';
import type { Output, Outputs, Sought } from './outputs.ts';
import type { PagePaths } from './page-paths.ts';
import type { MiddlewareResult, ResponseHeaders, Route, RouteFacts } from './route.ts';
import {
  fill,
  fillDestination,
  matchRule,
  queryOf,
  searchOf,
  type MatchContext,
  type Query,
  type Rule,
} from './rules.ts';

/** The routing tables of a build, compiled. */
export type RoutingTables = Readonly<{
  paths: PagePaths;
  locales: Locales | undefined;
  outputs: Outputs;
  hasMiddleware: boolean;
  trailingSlash: boolean;
  /** The `skipProxyUrlNormalize` setting of `next.config`. */
  keepsProxyUrl: boolean;
  beforeMiddleware: readonly Rule[];
  middlewareMatchers: readonly Rule[];
  beforeFiles: readonly Rule[];
  afterFiles: readonly Rule[];
  fallback: readonly Rule[];
  onMatch: readonly Rule[];
}>;

type Applied = 'no' | 'yes' | Readonly<{ outside: URL }>;

/** Holds the state of one request on its way through the routing phases. */
export class RequestRouting {
  readonly #tables: RoutingTables;
  readonly #url: URL;
  readonly #request: Readonly<{ headers: IncomingHttpHeaders }>;
  readonly #host: string;
  readonly #isData: boolean;
  /** The page of a data request, where middleware sees the page instead. */
  readonly #dataPage: string | undefined;
  readonly #namesLocale: boolean;
  readonly #defaultLocale: string | undefined;
  readonly #responseHeaders: ResponseHeaders = {};
  #locale: string | undefined;
  #pathname: string;
  #query: Query;
  #rewritten = false;
  #status: number | undefined;

  constructor(tables: RoutingTables, url: URL, request: Readonly<{ headers: IncomingHttpHeaders }>) {
    const { paths, locales, hasMiddleware } = tables;
    this.#tables = tables;
    this.#url = url;
    this.#request = request;
    this.#host = url.hostname.toLowerCase();
    this.#isData = paths.isData(url.pathname);
    this.#dataPage = hasMiddleware ? paths.pageOfData(url.pathname) : undefined;
    this.#defaultLocale = locales?.defaultFor(this.#host);
    const start = this.#startPath();
    // Without middleware a data path is routed as it is written. Its locale counts all the same.
    const named = paths.localeOf(this.#dataPage === undefined ? (paths.pageOfData(url.pathname) ?? start) : start);
    this.#namesLocale = named !== undefined;
    this.#locale = named ?? this.#defaultLocale;
    this.#pathname = paths.withLocale(start, this.#locale);
    this.#query = queryOf(url.searchParams);
  }

  get responseHeaders(): ResponseHeaders {
    return this.#responseHeaders;
  }

  #startPath(): string {
    const page = this.#dataPage;
    if (page === undefined) return this.#url.pathname;
    const { trailingSlash, keepsProxyUrl } = this.#tables;
    return trailingSlash && !keepsProxyUrl && !page.endsWith('/') ? `${page}/` : page;
  }

  #facts(): RouteFacts {
    return {
      headers: this.#responseHeaders,
      locale: this.#locale,
      defaultLocale: this.#defaultLocale,
      pathname: this.#pathname,
    };
  }

  #matchContext(): MatchContext {
    return { query: this.#query, headers: this.#request.headers, host: this.#host };
  }

  notFound(): Route {
    return { ...this.#facts(), kind: 'none' };
  }

  /** Returns the redirect to the visitor's locale, if the path requires one. */
  redirectToLocale(): Route | undefined {
    const { locales, paths } = this.#tables;
    const path = paths.withoutBasePath(this.#url.pathname);
    const location = locales?.redirect(path, this.#url.search, this.#host, this.#request.headers);
    return location === undefined ? undefined : { ...this.#facts(), kind: 'redirect', status: 307, location };
  }

  /** Applies the headers and redirects that come before middleware. Returns the first redirect. */
  redirectByRule(): Route | undefined {
    const { beforeMiddleware, paths } = this.#tables;
    for (const rule of beforeMiddleware) {
      // Data requests are never redirected to the canonical form of page URLs.
      if (rule.internal && this.#isData) continue;
      const captures = matchRule(rule, this.#pathFor(rule, paths), this.#matchContext());
      if (captures === undefined) continue;
      this.#setHeaders(rule, captures);
      if (!isRedirect(rule.status)) continue;
      const template = rule.destination ?? rule.headers.find(([name]) => name.toLowerCase() === 'location')?.[1];
      if (template === undefined) continue;
      const target = withQuery(singleSlashes(fill(template, captures) || '/'), this.#url.search.slice(1));
      return { ...this.#facts(), kind: 'redirect', status: rule.status, location: target };
    }
    return undefined;
  }

  /**
   * Returns the path that a rule sees. Rules with `basePath: false` match outside of it, on the path as it is written.
   */
  #pathFor(rule: Rule, paths: PagePaths): string {
    if (rule.internal) return paths.withoutDefaultLocale(this.#pathname, this.#defaultLocale);
    return paths.isInside(this.#url.pathname) ? this.#pathname : this.#url.pathname;
  }

  /** Returns the URL that middleware sees, or undefined when no matcher selects the request. */
  middlewareUrl(): URL | undefined {
    const { hasMiddleware, middlewareMatchers, keepsProxyUrl } = this.#tables;
    if (!hasMiddleware || !matchesAny(middlewareMatchers, this.#pathname, this.#matchContext())) return undefined;
    const seen = new URL(this.#url);
    if (!keepsProxyUrl) seen.pathname = this.#pathname;
    return seen;
  }

  /** Applies the result of middleware. Returns a route when it ends routing. */
  applyMiddleware(result: MiddlewareResult): Route | undefined {
    switch (result.kind) {
      case 'answer':
      case 'redirect':
        return { ...this.#facts(), ...result };
      case 'rewrite':
        if (result.url.origin !== this.#url.origin) return { ...this.#facts(), kind: 'proxy', url: result.url };
        this.#moveTo(result.url.pathname, queryOf(result.url.searchParams));
        if (result.status !== 200) this.#status = result.status;
        return undefined;
      case 'next':
        return undefined;
    }
  }

  /** Applies all rewrites of a phase. Returns a route when one leads to another origin. */
  rewriteAll(rules: readonly Rule[]): Route | undefined {
    for (const rule of rules) {
      const applied = this.#rewrite(rule);
      if (typeof applied === 'object') return { ...this.#facts(), kind: 'proxy', url: applied.outside };
    }
    return undefined;
  }

  /** Applies the rewrites of a phase until one leads to an output of the build or to another origin. */
  rewriteUntilFound(rules: readonly Rule[]): Route | undefined {
    for (const rule of rules) {
      const applied = this.#rewrite(rule);
      if (typeof applied === 'object') return { ...this.#facts(), kind: 'proxy', url: applied.outside };
      const route = applied === 'yes' ? this.findAny() : undefined;
      if (route !== undefined) return route;
    }
    return undefined;
  }

  /** Returns the output of the build with exactly this path. */
  findByName(): Route | undefined {
    const sought = this.#sought();
    const output = sought === undefined ? undefined : this.#tables.outputs.byName(sought);
    return output === undefined ? undefined : this.#found(output);
  }

  /** Returns the output of the build for this path, dynamic routes included. */
  findAny(): Route | undefined {
    const { outputs } = this.#tables;
    const sought = this.#sought();
    if (sought === undefined) return undefined;
    const output = outputs.byName(sought) ?? outputs.byPattern(sought, this.#matchContext());
    return output === undefined ? undefined : this.#found(output);
  }

  #sought(): Sought | undefined {
    const { paths, locales } = this.#tables;
    const named = this.#namesLocale && !this.#rewritten;
    const page = this.#isData && this.#dataPage === undefined ? paths.pageOfData(this.#pathname) : undefined;
    if (page === undefined) return { pathname: this.#pathname, named, data: false };
    // Next's client always names the locale: a path without one is not a data path.
    if (locales !== undefined && paths.localeOf(page) === undefined) return undefined;
    return { pathname: paths.withLocale(page, this.#locale), named, data: true };
  }

  #found(output: Output): Route {
    const path = this.#isData ? this.#url.pathname : this.#pathname;
    for (const rule of this.#tables.onMatch) {
      const captures = matchRule(rule, path, this.#matchContext());
      if (captures !== undefined) this.#setHeaders(rule, captures);
    }
    if (output.kind === 'image') return { ...this.#facts(), ...output };
    if (output.kind === 'file') return { ...this.#facts(), ...output, status: this.#status };
    return {
      ...this.#facts(),
      kind: 'entry',
      entry: output.entry,
      query: { ...this.#query, ...output.params },
      plain: !this.#rewritten && !this.#variesByVisitor(),
      status: this.#status,
    };
  }

  #variesByVisitor(): boolean {
    const { locales, paths } = this.#tables;
    return !this.#isData && locales?.varies(paths.withoutBasePath(this.#url.pathname)) === true;
  }

  #rewrite(rule: Rule): Applied {
    const { destination } = rule;
    const captures = destination === undefined ? undefined : matchRule(rule, this.#pathname, this.#matchContext());
    if (captures === undefined || destination === undefined) return 'no';
    if (/^https?:\/\//.test(destination)) {
      return { outside: new URL(withQuery(fill(destination, captures), searchOf(this.#query).slice(1))) };
    }
    const target = fillDestination(destination, captures);
    // Reports to the App Router's client which page it received, and with which query.
    if (this.#request.headers['rsc'] !== undefined) {
      if (target.pathname !== this.#pathname) this.#responseHeaders['x-nextjs-rewritten-path'] = target.pathname;
      this.#responseHeaders['x-nextjs-rewritten-query'] = searchOf(target.query).slice(1);
    }
    this.#moveTo(target.pathname, { ...this.#query, ...target.query });
    return 'yes';
  }

  #moveTo(pathname: string, query: Query): void {
    const { paths } = this.#tables;
    this.#locale = paths.localeOf(pathname) ?? this.#locale;
    this.#pathname = paths.withLocale(pathname, this.#locale);
    this.#query = query;
    this.#rewritten = true;
  }

  #setHeaders(rule: Rule, captures: Captures): void {
    for (const [template, value] of rule.headers) {
      if (template.toLowerCase() === 'location') continue;
      const name = fill(template, captures).toLowerCase();
      const text = fill(value, captures);
      const present = this.#responseHeaders[name] ?? [];
      this.#responseHeaders[name] = name === 'set-cookie' ? [present, text].flat() : text;
    }
  }
}

const isRedirect = (status: number | undefined): status is number =>
  status !== undefined && status >= 300 && status < 400;

/** Returns whether a matcher selects the path, as it is written or decoded. */
function matchesAny(matchers: readonly Rule[], pathname: string, context: MatchContext): boolean {
  let decoded = pathname;
  try {
    decoded = decodeURIComponent(pathname);
  } catch {
    // malformed: matched as it is written
  }
  const isMatch = (rule: Rule, path: string): boolean => matchRule(rule, path, context) !== undefined;
  return matchers.some((rule) => isMatch(rule, pathname) || (decoded !== pathname && isMatch(rule, decoded)));
}

/** Removes repeated slashes: a redirect stays on its host, and `//` at its start would name another one. */
const singleSlashes = (location: string): string =>
  /^https?:\/\//.test(location) ? location : location.replace(/^[/\\]{2,}/, '/');
