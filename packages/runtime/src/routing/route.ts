import type { IncomingHttpHeaders } from 'node:http';
import type { Entry } from './description.ts';
import type { Query } from './rules.ts';

export type ResponseHeaders = Record<string, string | string[]>;

/** The result of middleware without its headers: those go into the lists passed to it. */
export type MiddlewareResult =
  | Readonly<{ kind: 'next' }>
  | Readonly<{ kind: 'answer'; response: Response }>
  | Readonly<{ kind: 'redirect'; status: number; location: string }>
  | Readonly<{ kind: 'rewrite'; url: URL; status: number }>;

/**
 * Calls middleware with the URL that it sees. Writes its response headers to `response`, its request headers to the
 * request.
 */
export type InvokeMiddleware = (url: URL, response: ResponseHeaders) => Promise<MiddlewareResult>;

/** Facts that the routing phases found about a request, whatever its outcome. */
export type RouteFacts = Readonly<{
  headers: ResponseHeaders;
  locale: string | undefined;
  defaultLocale: string | undefined;
  pathname: string;
}>;

/**
 * The outcome of routing. Of an entry point, `query` has the parameters that rewrites and dynamic routes added.
 * `plain`: it responds under its own URL and the same way to every client.
 */
export type Route = RouteFacts &
  (
    | Readonly<{ kind: 'answer'; response: Response }>
    | Readonly<{ kind: 'redirect'; status: number; location: string }>
    | Readonly<{ kind: 'proxy'; url: URL }>
    | Readonly<{ kind: 'image' }>
    | Readonly<{ kind: 'file'; pathname: string; status: number | undefined }>
    | Readonly<{ kind: 'entry'; entry: Entry; query: Query; plain: boolean; status: number | undefined }>
    | Readonly<{ kind: 'none' }>
  );

export type Router = Readonly<{
  /** Reads the headers of `request` again after middleware, which may change them. */
  route(
    url: URL,
    request: Readonly<{ headers: IncomingHttpHeaders }>,
    invokeMiddleware: InvokeMiddleware,
  ): Promise<Route>;
  byPathname(pathname: string): Entry | undefined;
}>;
