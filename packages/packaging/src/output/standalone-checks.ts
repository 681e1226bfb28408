import { z } from 'zod';
import { MAX_CHECKS, type Check } from '@anchor/protocol/artifact/web/checks.ts';
import { readJsonInTree } from '../checkout/checkout-fs.ts';
import { mayMatch } from './may-match.ts';

const prerendersSchema = z.object({
  routes: z.record(
    z.string(),
    z.object({ srcRoute: z.string().nullish(), dataRoute: z.string().nullish(), initialStatus: z.number().optional() }),
  ),
});
const pagesSchema = z.record(z.string(), z.string());
const middlewareSchema = z.looseObject({ matchers: z.array(z.object({ regexp: z.string() })) });
const OWN = /^\/(?:_error|_document|_app|404|500|_not-found|_global-error)$/;

/**
 * Returns the paths to request before a deployment of an app that is its own server goes live: a rendered and a
 * prerendered page of each router, and one path of each dynamic route that the build rendered a path of.
 */
export async function standaloneChecks(
  root: string,
  dist: string,
  basePath: string,
  locales: boolean,
): Promise<readonly Check[]> {
  const prerenders = prerendersSchema.safeParse(await readJsonInTree(root, `${dist}/prerender-manifest.json`));
  const pages = pagesSchema.safeParse(await readJsonInTree(root, `${dist}/server/pages-manifest.json`));
  const app = pagesSchema.safeParse(await readJsonInTree(root, `${dist}/app-path-routes-manifest.json`));
  if (!prerenders.success) return [];
  const matchers = await middlewareMatchers(root, dist);
  const checks = new Map<string, Check>();
  const add = (route: string, prerendered: boolean): void => {
    const path = encodeURI(`${basePath}${route === '/' && basePath !== '' ? '' : route}`);
    if (/^\/[\x21-\x7e]*$/.test(path) && path.length <= 2048 && !checks.has(path))
      checks.set(
        path,
        // With locales the same page has several names, of which a domain may have its own.
        prerendered && !locales && !matchers.some((matcher) => mayMatch(matcher, path))
          ? { path, prerendered }
          : { path },
      );
  };

  const seen = new Set<string>();
  const byLength = (a: string, b: string): number => a.length - b.length || (a < b ? -1 : 1);
  for (const [route, { srcRoute, dataRoute, initialStatus = 200 }] of Object.entries(prerenders.data.routes).sort(
    ([a], [b]) => byLength(a, b),
  )) {
    if (OWN.test(route) || initialStatus >= 400) continue;
    // A dynamic route is requested by itself, one static route of a router for all.
    const kind =
      typeof srcRoute === 'string' && srcRoute !== route
        ? srcRoute
        : dataRoute === null || dataRoute === undefined
          ? 'handler'
          : dataRoute.startsWith('/_next/data/')
            ? 'pages'
            : 'app';
    if (!seen.has(kind)) add(route, true);
    seen.add(kind);
  }
  const rendered = (routes: readonly string[]): void => {
    const [first] = routes
      .filter((route) => prerenders.data.routes[route] === undefined && !OWN.test(route) && !/[[(@]/.test(route))
      .sort(byLength);
    if (first !== undefined) add(first, false);
  };
  // A GET of a handler may do something: pages alone.
  if (app.success)
    rendered(Object.entries(app.data).flatMap(([name, route]) => (name.endsWith('/page') ? [route] : [])));
  if (pages.success)
    rendered(
      Object.entries(pages.data).flatMap(([route, file]) =>
        file.endsWith('.js') && !route.startsWith('/api') ? [route] : [],
      ),
    );
  return [...checks.values()].slice(0, MAX_CHECKS);
}

/**
 * Returns the matchers of middleware, which may respond with 404 when it routes by host or hides a page from clients
 * without a session.
 */
async function middlewareMatchers(root: string, dist: string): Promise<readonly string[]> {
  const edge = await readJsonInTree(root, `${dist}/server/middleware-manifest.json`);
  const node = await readJsonInTree(root, `${dist}/server/functions-config-manifest.json`);
  const ofRecord = (record: unknown, keep: (name: string) => boolean): unknown[] =>
    typeof record === 'object' && record !== null
      ? Object.entries(record).flatMap(([name, value]) => (keep(name) ? [value] : []))
      : [];
  return [
    ...ofRecord(edge?.['middleware'], () => true),
    ...ofRecord(node?.['functions'], (name) => name === '/_middleware'),
  ].flatMap((found) => {
    const parsed = middlewareSchema.safeParse(found);
    return parsed.success ? parsed.data.matchers.map(({ regexp }) => regexp) : ['^'];
  });
}
