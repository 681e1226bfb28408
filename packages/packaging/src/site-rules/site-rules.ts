import type { WebComponent } from '@anchor/protocol/artifact/web/component.ts';
import { responseHeadersSchema, type Route, type RouteHas } from '@anchor/protocol/artifact/web/rules.ts';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';
import { compileSource, compileTarget, type SourcePattern } from './source-pattern.ts';
import type { VercelJson } from './vercel-json.ts';

/** How a static site is served. `notes`: what its `vercel.json` says that is not done here. */
export type SiteRules = Readonly<{
  routing: NonNullable<WebComponent['routing']>;
  trailingSlash: boolean;
  notes: readonly string[];
}>;

type Conditional = Readonly<{
  source: string;
  has?: readonly RouteHas[] | undefined;
  missing?: readonly RouteHas[] | undefined;
}>;
type Redirect = NonNullable<VercelJson['redirects']>[number];

/**
 * Converts `vercel.json` to routing rules, in Vercel's order: spelling of paths, redirects, headers, then files, and
 * rewrites where there is no file.
 */
export function siteRules(config: VercelJson): Result<SiteRules> {
  const { redirects = [], headers = [], rewrites = [], trailingSlash } = config;
  const notes: string[] = [];
  try {
    const own = rewrites.filter(({ source, destination }) => {
      const external = !destination.startsWith('/');
      if (external)
        notes.push(
          `vercel.json: the rewrite of ${source} to ${destination} is left out, because a static site's requests are not passed on to other servers. Let the page call that address itself, or add a server.`,
        );
      return !external;
    });
    return ok({
      routing: {
        beforeMiddleware: [
          ...spelling(config),
          ...redirects.map((rule) => rewriteError(rule, redirectRoute)),
          ...headers.map((rule) => rewriteError(rule, headerRoute)),
        ],
        middlewareMatchers: [],
        beforeFiles: [],
        onMatch: [],
        withoutFile: own.map((rule) => rewriteError(rule, rewriteRoute)),
      },
      trailingSlash: trailingSlash === true,
      notes,
    });
  } catch (error) {
    if (!(error instanceof RuleError)) throw error;
    return fail(
      'output_refused',
      `The rule of vercel.json for ${error.source} cannot be used`,
      'Correct it, commit it, and push again.',
      error.message,
    );
  }
}

class RuleError extends Error {
  readonly source: string;
  constructor(source: string, cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause));
    this.source = source;
  }
}

function rewriteError<R extends Conditional>(rule: R, convert: (rule: R) => Route): Route {
  try {
    return convert(rule);
  } catch (error) {
    throw new RuleError(rule.source, error);
  }
}

/** One spelling for each page: without `.html` and `index`, with or without a slash at the end. */
function spelling({ cleanUrls, trailingSlash }: VercelJson): readonly Route[] {
  const end = trailingSlash === true ? '/' : '';
  const to = (sourceRegex: string, location: string): Route => ({
    sourceRegex,
    headers: { Location: location },
    status: 308,
  });
  return [
    ...(cleanUrls === true
      ? [
          to('^/(?:index(?:\\.html)?/?)$', '/'),
          to('^/(.+)/index(?:\\.html)?/?$', `/$1${end}`),
          to('^/(.+)\\.html/?$', `/$1${end}`),
        ]
      : []),
    ...(trailingSlash === true
      ? [to('^/((?!\\.well-known(?:/|$))(?:[^/]+/)*[^/.]+)$', '/$1/'), to('^/((?:[^/]+/)*[^/]+\\.\\w+)/$', '/$1')]
      : []),
    ...(trailingSlash === false ? [to('^/(.*[^/])/$', '/$1')] : []),
  ];
}

const PERMANENT = 308;
const TEMPORARY = 307;

function redirectRoute(rule: Redirect): Route {
  const pattern = compileSource(rule.source);
  const location = compileTarget(rule.destination, pattern, capturedBy(rule));
  const status = rule.statusCode ?? (rule.permanent === false ? TEMPORARY : PERMANENT);
  return { ...route(rule, pattern), headers: responseHeadersSchema.parse({ Location: location }), status };
}

function headerRoute(rule: NonNullable<VercelJson['headers']>[number]): Route {
  const pattern = compileSource(rule.source);
  const names = capturedBy(rule);
  const fill = (text: string): string => compileTarget(text, pattern, names);
  const headers = Object.fromEntries(rule.headers.map(({ key, value }) => [fill(key), fill(value)]));
  return { ...route(rule, pattern), headers: responseHeadersSchema.parse(headers) };
}

function rewriteRoute(rule: NonNullable<VercelJson['rewrites']>[number]): Route {
  const pattern = compileSource(rule.source);
  return { ...route(rule, pattern), destination: compileTarget(rule.destination, pattern, capturedBy(rule)) };
}

function route({ source, has, missing }: Conditional, { regex }: SourcePattern): Route {
  return {
    source,
    sourceRegex: regex,
    ...(has === undefined ? {} : { has: [...has] }),
    ...(missing === undefined ? {} : { missing: [...missing] }),
  };
}

/** Returns the names that conditions capture: keys without a value, and named groups. */
function capturedBy({ has = [] }: Conditional): ReadonlySet<string> {
  const names = has.flatMap(({ key, value }) =>
    value === undefined ? [key ?? ''] : [...value.matchAll(/\(\?<([A-Za-z_]\w*)>/g)].map((found) => found[1] ?? ''),
  );
  return new Set(names.filter((name) => name !== ''));
}
