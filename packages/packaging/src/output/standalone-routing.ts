import { z } from 'zod';
import type { WebComponent } from '@anchor/protocol/artifact/web/component.ts';
import { routeSchema, type Route } from '@anchor/protocol/artifact/web/rules.ts';

/** A rule as `routes-manifest.json` has it, in every version from 13.5 on. */
const ruleSchema = z.object({
  source: z.string(),
  regex: z.string(),
  destination: z.string().optional(),
  has: z.unknown().optional(),
  missing: z.unknown().optional(),
  headers: z.array(z.object({ key: z.string(), value: z.string() })).optional(),
});
const rules = z.array(ruleSchema);
export const routesSchema = z.object({
  basePath: z.string().optional(),
  i18n: z.unknown().optional(),
  redirects: rules,
  headers: rules,
  rewrites: z.union([rules, z.object({ beforeFiles: rules, afterFiles: rules, fallback: rules })]),
});
/** `middleware-manifest.json`, and `functions-config-manifest.json` of 15.5 for middleware that runs on Node. */
export const middlewareSchema = z.object({
  middleware: z.record(z.string(), z.object({ matchers: z.array(z.object({ regexp: z.string() })) })),
});
export const nodeMiddlewareSchema = z.object({
  functions: z.object({
    '/_middleware': z.object({ matchers: z.array(z.object({ regexp: z.string() })).optional() }).optional(),
  }),
});

type Rule = z.infer<typeof ruleSchema>;
type Routing = NonNullable<WebComponent['routing']>;

/**
 * Payloads of pages have this name for the edge, but these versions know no such address. A request for one would
 * bypass the rules and the middleware of its page, because their expressions do not match it.
 */
const PAYLOAD: Route = { sourceRegex: '^.*\\.rsc/?$' };

/**
 * Returns what the edge must know of an app whose server routes by itself: the paths that only the server can handle
 * (redirects, rewrites before files, middleware, headers that depend on the path), and the headers that the edge can
 * add alone.
 */
export function standaloneRouting(routes: z.infer<typeof routesSchema>, matchers: readonly string[]): Routing {
  const { redirects, headers, rewrites } = routes;
  const before = Array.isArray(rewrites) ? [] : rewrites.beforeFiles;
  // Pages of every kind come before the fallback ones
  const after = Array.isArray(rewrites) ? rewrites : rewrites.afterFiles;
  const plain = headers.filter(isPlain);
  return {
    middlewareMatchers: [
      ...matchers.map((sourceRegex): Route => ({ sourceRegex })),
      ...[...redirects, ...before, ...headers.filter((rule) => !isPlain(rule))].map(guard),
      PAYLOAD,
    ],
    beforeMiddleware: plain.flatMap(withHeaders),
    beforeFiles: [],
    // Pages of dynamic routes come after these, and the paths of their prerenders do not show which.
    afterFiles: after.map(guard),
    onMatch: [],
  };
}

/**
 * Returns the rule's path and conditions. When the conditions cannot be read they are left out, so that it matches more
 * requests.
 */
function guard({ regex, has, missing }: Rule): Route {
  const whole = routeSchema.safeParse({
    sourceRegex: regex,
    ...(has === undefined ? {} : { has }),
    ...(missing === undefined ? {} : { missing }),
  });
  return whole.success ? whole.data : { sourceRegex: regex };
}

/**
 * Returns whether a rule has no conditions, and no value with a part of the path or a `$` that the edge would replace.
 */
function isPlain({ source, has, missing, headers = [] }: Rule): boolean {
  if (has !== undefined || missing !== undefined || withHeaders({ source, regex: '', headers }).length === 0)
    return false;
  // Parts of the path by their names, and those without one by their number.
  const names = [
    ...[...source.matchAll(/:(\w+)/g)].map(([, name]) => name ?? ''),
    ...[...source.matchAll(/\(/g)].map((_, at) => String(at)),
  ];
  return headers.every(({ key, value }) =>
    [key, value].every((text) => !text.includes('$') && !names.some((name) => text.includes(`:${name}`))),
  );
}

function withHeaders({ regex, headers = [] }: Rule): readonly Route[] {
  const route = routeSchema.safeParse({
    sourceRegex: regex,
    headers: Object.fromEntries(headers.map(({ key, value }) => [key, value])),
  });
  return route.success ? [route.data] : [];
}
