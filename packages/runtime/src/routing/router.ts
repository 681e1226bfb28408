/**
 * Decides which part of the build responds to a request: the routing phases of `next start`, over the build's tables.
 */
import type { Description } from './description.ts';
import { createLocales } from './locale.ts';
import { Outputs } from './outputs.ts';
import { PagePaths } from './page-paths.ts';
import { RequestRouting, type RoutingTables } from './request-routing.ts';
import type { Router } from './route.ts';
import { compileRules, type Rule } from './rules.ts';

export function createRouter(description: Description): Router {
  const tables = compileTables(description);
  return {
    byPathname: (pathname) => tables.outputs.byPathname(pathname),
    async route(url, request, invokeMiddleware) {
      const routing = new RequestRouting(tables, url, request);
      const redirect = routing.redirectToLocale() ?? routing.redirectByRule();
      if (redirect !== undefined) return redirect;
      const seen = routing.middlewareUrl();
      if (seen !== undefined) {
        const ended = routing.applyMiddleware(await invokeMiddleware(seen, routing.responseHeaders));
        if (ended !== undefined) return ended;
      }
      return (
        routing.rewriteAll(tables.beforeFiles) ??
        routing.findByName() ??
        routing.rewriteUntilFound(tables.afterFiles) ??
        routing.findAny() ??
        routing.rewriteUntilFound(tables.fallback) ??
        routing.notFound()
      );
    },
  };
}

function compileTables(description: Description): RoutingTables {
  const { config, routing, buildId, middleware } = description;
  const locales = createLocales(config);
  const phase = (name: string): Rule[] => compileRules(routing[name], 'i');
  return {
    paths: new PagePaths(config.basePath, buildId, locales),
    locales,
    outputs: new Outputs(description, locales),
    hasMiddleware: middleware !== undefined,
    trailingSlash: config.trailingSlash,
    keepsProxyUrl: config.skipProxyUrlNormalize === true,
    beforeMiddleware: phase('beforeMiddleware'),
    middlewareMatchers: compileRules(routing['middlewareMatchers']),
    beforeFiles: phase('beforeFiles'),
    afterFiles: phase('afterFiles'),
    fallback: phase('fallback'),
    onMatch: phase('onMatch'),
  };
}
