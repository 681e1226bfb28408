import { z } from 'zod';
import { routeSchema, type Route, type WebComponent } from '@anchor/core/artifact/manifest.ts';

/** A rule as `routes-manifest.json` has it, in every version from 13.5 on. */
const ruleSchema = z.object({
  source: z.string(), regex: z.string(), destination: z.string().optional(), has: z.unknown().optional(), missing: z.unknown().optional(),
  headers: z.array(z.object({ key: z.string(), value: z.string() })).optional(),
});
const rules = z.array(ruleSchema);
export const routesSchema = z.object({
  basePath: z.string().optional(), i18n: z.unknown().optional(), redirects: rules, headers: rules,
  rewrites: z.union([rules, z.object({ beforeFiles: rules, afterFiles: rules, fallback: rules })]),
});
/** `middleware-manifest.json`, and `functions-config-manifest.json` of 15.5 for middleware that runs on Node. */
export const middlewareSchema = z.object({ middleware: z.record(z.string(), z.object({ matchers: z.array(z.object({ regexp: z.string() })) })) });
export const nodeMiddlewareSchema = z.object({ functions: z.object({ '/_middleware': z.object({ matchers: z.array(z.object({ regexp: z.string() })).optional() }).optional() }) });

type Rule = z.infer<typeof ruleSchema>;
type Routing = NonNullable<WebComponent['routing']>;

/**
 * Payloads of pages lie under this name for the edge, but these versions know no such address: who asks for one by it
 * would get past the rules and the middleware that stand before the page, whose expressions do not match it.
 */
const PAYLOAD: Route = { sourceRegex: '^.*\\.rsc/?$' };

/**
 * What the edge must know of an app whose server routes by itself: the paths that only the server can answer (redirects,
 * rewrites before files, middleware, headers that depend on the path), and the headers that it can add without asking.
 */
export function standaloneRouting(routes: z.infer<typeof routesSchema>, matchers: readonly string[]): Routing {
  const { redirects, headers, rewrites } = routes;
  const before = Array.isArray(rewrites) ? [] : rewrites.beforeFiles;
  const after = Array.isArray(rewrites) ? rewrites : rewrites.afterFiles; // pages of every kind come before the fallback ones
  const plain = headers.filter(isPlain);
  return {
    middlewareMatchers: [
      ...matchers.map((sourceRegex): Route => ({ sourceRegex })),
      ...[...redirects, ...before, ...headers.filter((rule) => !isPlain(rule))].map(guard),
      PAYLOAD,
    ],
    beforeMiddleware: plain.flatMap(withHeaders),
    beforeFiles: [],
    // Pages of dynamic routes come after these, and the paths of their prerenders do not tell.
    afterFiles: after.map(guard),
    onMatch: [],
  };
}

/** The rule's path and conditions; without conditions, so for more requests, when they can not be read. */
function guard({ regex, has, missing }: Rule): Route {
  const whole = routeSchema.safeParse({ sourceRegex: regex, ...(has === undefined ? {} : { has }), ...(missing === undefined ? {} : { missing }) });
  return whole.success ? whole.data : { sourceRegex: regex };
}

/** Without conditions, and with values in which no part of the path or `$` of the edge's own is put. */
function isPlain({ source, has, missing, headers = [] }: Rule): boolean {
  if (has !== undefined || missing !== undefined || withHeaders({ source, regex: '', headers }).length === 0) return false;
  // Parts of the path by their names, and those without one by their number.
  const names = [...[...source.matchAll(/:(\w+)/g)].map(([, name]) => name ?? ''), ...[...source.matchAll(/\(/g)].map((_, at) => String(at))];
  return headers.every(({ key, value }) => [key, value].every((text) => !text.includes('$') && !names.some((name) => text.includes(`:${name}`))));
}

function withHeaders({ regex, headers = [] }: Rule): readonly Route[] {
  const route = routeSchema.safeParse({ sourceRegex: regex, headers: Object.fromEntries(headers.map(({ key, value }) => [key, value])) });
  return route.success ? [route.data] : [];
}
