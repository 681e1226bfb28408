import type { IncomingMessage } from 'node:http';
import type { Asset, Part } from '../static/asset.ts';
import { cacheKey } from '../cache/cache-key.ts';
import type { Problem } from '../error-pages/error-page.ts';
import { methodNotAllowed, notFound, rulesTookTooLong } from '../error-pages/problems.ts';
import { OverBudget } from '@anchor/core/expressions/match.ts';
import { decode } from '@anchor/protocol/route-rules.ts';
import type { RequestView } from '../routing/conditions.ts';
import type { Headers } from '../http/headers.ts';
import type { RoutedRequest } from '../routing/routed-request.ts';
import { findPage } from '../routing/clean-url.ts';
import type { Resolution, Basis, ResolveDeps } from './resolution.ts';
import { freshnessOf } from './memo-validity.ts';

const FUNCTION: Resolution = { kind: 'function' };
export const problem = (what: Problem, headers: readonly string[] = []): Resolution => ({
  kind: 'problem',
  problem: what,
  headers,
});

/**
 * Resolves a request: file → prerender → files of earlier deployments → function, or the site's own pages where it has
 * none. Sends nothing; the only side effects are the callbacks of `deps`. Both transports use it, so both resolve
 * alike.
 */
export function resolveRequest(deps: ResolveDeps, routed: RoutedRequest): Resolution {
  const { exchange, site, target } = routed;
  const { method, headers: requested } = exchange.req;
  if (method !== 'GET' && method !== 'HEAD')
    return site.hasFunction ? FUNCTION : problem(methodNotAllowed(method ?? ''), ['allow', 'GET, HEAD']);
  const facts: RequestView = {
    headers: requested,
    host: exchange.host,
    query: target.query,
    budget: deps.efforts.of(routed.route.projectId),
    forwarding: exchange,
  };
  const decision = site.routeMatcher.decide(target.path, target.decoded, facts);
  let headers: Headers = [];
  let pages = true;
  if (decision.kind === 'redirect') return decision;
  if (decision.kind === 'too long') {
    deps.rulesTimedOut(routed);
    return site.hasFunction ? FUNCTION : problem(rulesTookTooLong());
  }
  if (decision.kind === 'function') {
    if (site.hasFunction) return FUNCTION;
  } else ({ headers, pages } = decision);

  const path = target.decoded;
  if (path !== undefined && !site.errorPages.has(path)) {
    const file = site.files.get(path);
    if (file !== undefined) return { kind: 'asset', asset: site.withRouteHeaders(file, headers), basis: 'site' };
    const page =
      !site.hasFunction || (pages && !(path !== target.path && NEEDLESS_ESCAPE.test(target.path)))
        ? findStoredPage(deps, routed, path, facts)
        : undefined;
    if (page !== undefined) {
      const asset = site.withRouteHeaders(page.asset, headers);
      return page.postponed === undefined
        ? { kind: 'asset', asset, basis: page.basis }
        : { kind: 'partial', shell: asset, postponed: page.postponed };
    }
  }
  if (path !== undefined && routed.route.previous.length > 0 && site.mayBeImmutableAsset(path)) {
    return {
      kind: 'pending',
      choice: findInPreviousDeployments(deps, routed, path).then((asset) =>
        asset === undefined
          ? resolveMiss(deps, routed, facts, headers)
          : { kind: 'asset', asset, basis: 'uncacheable' },
      ),
    };
  }
  return resolveMiss(deps, routed, facts, headers);
}

/**
 * Matches a letter or digit written as an escape: for Next.js that is another path than the page's, so the function
 * responds.
 */
const NEEDLESS_ESCAPE = /%(?:2[DE]|3\d|4[1-9A-F]|5[0-9AF]|6[1-9A-F]|7[0-9AE])/i;

type UsablePage = Readonly<{ asset: Asset; postponed: Part | undefined; basis: Basis }>;

/** Finds a stored page that may be used for this request: the one that a function rendered last, else the build's. */
function findStoredPage(
  deps: ResolveDeps,
  routed: RoutedRequest,
  path: string,
  facts: RequestView,
): UsablePage | undefined {
  const { site, deploymentId, target } = routed;
  const partition = site.hasFunction ? deps.pageCache.partition(deploymentId) : undefined;
  if (site.pages.size === 0 && partition === undefined) return undefined;
  const key = cacheKey(site, path, target.query, facts.headers);
  if (key === undefined) return undefined;
  const built = site.pages.get(key);
  if (!site.hasFunction)
    return built === undefined ? undefined : { asset: built.asset, postponed: undefined, basis: 'site' };

  const cached = partition?.get(key);
  if (cached === undefined && (built === undefined || built.functionOnly)) return undefined;
  if (site.bypasses(key, facts)) return undefined;
  if (partition !== undefined && cached !== undefined) {
    const { postponed } = cached;
    const freshness = freshnessOf(deps, routed, cached.metadata, postponed !== undefined);
    if (freshness === 'expired') return void deps.pageCache.delete(deploymentId, key);
    deps.pageCache.recordUse(partition, key, cached);
    if (cached.fresh.gzip === undefined && facts.headers['accept-encoding'] !== undefined)
      deps.compress(deploymentId, key, cached);
    return freshness === 'stale'
      ? { asset: cached.stale, postponed, basis: 'uncacheable' }
      : { asset: cached.fresh, postponed, basis: { key, version: cached.version } };
  }
  if (built === undefined || (partition?.newestVersionAt(built.metadata.group) ?? 0) > built.metadata.at)
    return undefined;
  const { postponed } = built;
  const freshness = freshnessOf(deps, routed, built.metadata, postponed !== undefined);
  if (freshness === 'expired') return undefined;
  return freshness === 'stale'
    ? { asset: built.stale, postponed, basis: 'uncacheable' }
    : { asset: built.asset, postponed, basis: { key, version: undefined } };
}

/** Finds a file with a content hash in its name in deployments that this host served before (skew protection). */
export async function findInPreviousDeployments(
  deps: Pick<ResolveDeps, 'sites'>,
  { route, site }: RoutedRequest,
  path: string,
): Promise<Asset | undefined> {
  for (const before of [route, ...route.previous]) {
    if (before.artifact === site.artifact) continue;
    const known =
      deps.sites.get(before.artifact) ??
      (await deps.sites
        .load(before.artifact, route.projectId)
        .then((result) => (result.ok ? result.value : undefined)));
    const asset = known?.immutable(path);
    if (asset !== undefined) return asset;
  }
  return undefined;
}

const VARY_BY_NAVIGATION: Headers = [['vary', 'accept, sec-fetch-mode']];

/** Returns whether a browser navigates to the address, by its headers, rather than fetching it from a page. */
function isNavigation({ accept, 'sec-fetch-mode': mode }: IncomingMessage['headers']): boolean {
  return accept?.includes('text/html') === true && (mode === undefined || mode === 'navigate');
}

function resolveMiss(deps: ResolveDeps, routed: RoutedRequest, facts: RequestView, headers: Headers): Resolution {
  const { site, target } = routed;
  const path = target.decoded;
  if (site.hasFunction) {
    // No deployment of this host has this hashed file, and a function could not return it.
    if (path !== undefined && site.isImmutableAsset(path)) return problem(notFound(target.path));
    return FUNCTION;
  }
  if (path !== undefined) {
    const found = findPage(site, path);
    if (found?.kind === 'redirect') {
      const at = target.path.endsWith('/') ? target.path.slice(0, -1) : `${target.path}/`;
      return { kind: 'redirect', status: 308, location: target.query === '' ? at : `${at}?${target.query}`, headers };
    }
    if (found !== undefined)
      return { kind: 'asset', asset: site.withRouteHeaders(found.asset, headers), basis: 'site' };
  }
  const rewritten = resolveRewrite(deps, routed, facts, headers);
  if (rewritten !== undefined) return rewritten;
  const last = target.path.slice(target.path.lastIndexOf('/'));
  if (site.fallback !== undefined) {
    if (!last.includes('.'))
      return { kind: 'asset', asset: site.withRouteHeaders(site.fallback, headers), basis: 'site' };
    // A route may have a dot ("/users/ada.l"), and so may a missing script: the request's headers decide.
    if (isNavigation(routed.exchange.req.headers))
      return {
        kind: 'asset',
        asset: site.withRouteHeaders(
          site.fallback,
          headers.length === 0 ? VARY_BY_NAVIGATION : [...headers, ...VARY_BY_NAVIGATION],
        ),
        basis: 'site',
      };
  }
  if (site.notFound !== undefined)
    return { kind: 'asset', asset: site.withRouteHeaders(site.notFound, headers), basis: 'site' };
  return problem(notFound(target.path));
}

/** Finds the file to which the site's own rules rewrite a path that has none. */
function resolveRewrite(
  deps: ResolveDeps,
  routed: RoutedRequest,
  facts: RequestView,
  headers: Headers,
): Resolution | undefined {
  const { site, target } = routed;
  try {
    for (const rewritten of site.routeMatcher.rewrites(target.path, target.decoded, facts)) {
      const path = decode(rewritten.split(/[?#]/, 1)[0] ?? '');
      const page = findPage(site, path);
      const asset = site.files.get(path) ?? (page?.kind === 'asset' ? page.asset : undefined);
      if (asset !== undefined) return { kind: 'asset', asset: site.withRouteHeaders(asset, headers), basis: 'site' };
    }
    return undefined;
  } catch (error) {
    if (!(error instanceof OverBudget)) throw error;
    deps.rulesTimedOut(routed);
    return problem(rulesTookTooLong());
  }
}
