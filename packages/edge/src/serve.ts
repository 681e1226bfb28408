import type { DeploymentId } from '@anchor/core/names/id.ts';
import type { HostRoute } from '@anchor/core/ports/route-table.ts';
import { withHeaders, type Asset } from './assets/asset.ts';
import type { AssetSender } from './assets/send.ts';
import type { Exchange } from './exchange.ts';
import { cookieValue } from './http/headers.ts';
import type { Target } from './http/target.ts';
import type { Problem } from './pages/error-page.ts';
import { methodNotAllowed, notFound } from './pages/problems.ts';
import type { Asked } from './routing/condition.ts';
import type { Headers } from './routing/plan.ts';
import { prerenderKey } from './routing/rsc.ts';
import { findPage } from './sites/clean-url.ts';
import { bypassed, type Site } from './sites/site.ts';
import type { Sites } from './sites/sites.ts';
import type { TagLogs } from './sites/tag-log.ts';

export type ServeDeps = Readonly<{
  sites: Sites;
  tags: TagLogs;
  sender: AssetSender;
  problem(exchange: Exchange, problem: Problem, headers?: readonly string[]): void;
  redirect(exchange: Exchange, status: number, location: string, headers: Headers): void;
  toFunction(visit: Visit): void;
}>;

/** Everything known of a request once its deployment is chosen. */
export type Visit = Readonly<{ exchange: Exchange; route: HostRoute; site: Site; deploymentId: DeploymentId; target: Target }>;

/** file → prerender → earlier deployments' files → function, or the site's own pages where it has none. */
export function serve(deps: ServeDeps, visit: Visit): void {
  const { exchange, site, target } = visit;
  const { req } = exchange;
  const reads = req.method === 'GET' || req.method === 'HEAD';
  if (!reads) {
    if (site.hasFunction) return deps.toFunction(visit);
    return deps.problem(exchange, methodNotAllowed(req.method ?? ''), ['allow', 'GET, HEAD']);
  }
  const asked: Asked = { headers: req.headers, host: exchange.host, query: target.query };
  const decision = site.plans.decide(target.path, target.decoded, asked);
  let headers: Headers = [];
  let pages = true;
  if (decision.kind === 'redirect') return deps.redirect(exchange, decision.status, decision.location, decision.headers);
  if (decision.kind === 'function') {
    if (site.hasFunction) return deps.toFunction(visit);
  } else ({ headers, pages } = decision);

  const path = target.decoded;
  if (path !== undefined && !site.ownPages.has(path)) {
    const asset = site.files.get(path) ?? (pages || !site.hasFunction ? prerendered(deps, visit, path, asked) : undefined);
    if (asset !== undefined) return deps.sender.send(exchange, site.dressed(asset, headers));
  }
  if (path !== undefined && visit.route.earlier.length > 0 && site.mayBeHashed(path)) {
    return void earlier(deps, visit, path).then((asset) => (asset === undefined ? miss(deps, visit, headers) : deps.sender.send(exchange, asset)));
  }
  return miss(deps, visit, headers);
}

/** The stored answer of a page, when it may be used for this request. */
function prerendered(deps: ServeDeps, { exchange, site, deploymentId, target }: Visit, path: string, asked: Asked): Asset | undefined {
  if (site.pages.size === 0) return undefined;
  const { headers } = exchange.req;
  const exact = path.length > 1 && path.endsWith('/') && site.web.trailingSlash ? path.slice(0, -1) : path;
  const key = prerenderKey(exact, target.query, headers);
  if (key === undefined) return undefined;
  const page = site.pages.get(key);
  if (page === undefined || page.functionOnly) return undefined;
  if (site.hasFunction) {
    if (headers['x-prerender-revalidate'] !== undefined && headers['x-prerender-revalidate'] === page.bypassToken) return undefined;
    if (bypassed(page, asked, cookieValue(headers.cookie, '__prerender_bypass'))) return undefined;
    if (deps.tags.isStale(deploymentId, page.tags)) return undefined;
  }
  return page.asset;
}

/** Files with a content hash in their name, of deployments that this host served before: for the tabs that still ask. */
async function earlier(deps: ServeDeps, { route, site }: Visit, path: string): Promise<Asset | undefined> {
  for (const before of [route, ...route.earlier]) {
    if (before.artifact === site.artifact) continue;
    const known = deps.sites.get(before.artifact) ?? (await deps.sites.load(before.artifact).then((result) => (result.ok ? result.value : undefined)));
    if (known?.immutable.has(path) === true) return known.files.get(path);
  }
  return undefined;
}

function miss(deps: ServeDeps, visit: Visit, headers: Headers): void {
  const { exchange, site, target } = visit;
  const path = target.decoded;
  if (site.hasFunction) {
    // A hashed file that no deployment of this host has: nothing that a function could answer.
    if (path?.startsWith(site.staticPrefix) === true) return deps.problem(exchange, notFound(target.path));
    return deps.toFunction(visit);
  }
  if (path !== undefined) {
    const found = findPage(site, path);
    if (found?.kind === 'redirect') {
      const at = target.path.endsWith('/') ? target.path.slice(0, -1) : `${target.path}/`;
      return deps.redirect(exchange, 308, target.query === '' ? at : `${at}?${target.query}`, headers);
    }
    if (found !== undefined) return deps.sender.send(exchange, site.dressed(found.asset, headers));
  }
  const last = target.path.slice(target.path.lastIndexOf('/'));
  if (site.fallback !== undefined && !last.includes('.')) return deps.sender.send(exchange, site.dressed(site.fallback, headers));
  if (site.notFound !== undefined) return deps.sender.send(exchange, site.dressed(site.notFound, headers));
  return deps.problem(exchange, notFound(target.path));
}

/** The function's instruction to answer with a file of the manifest: rewrites and middleware that end on one. */
export function serveInstead(deps: ServeDeps, visit: Visit, encoded: string, status: number, own: readonly string[]): void {
  const { exchange, site } = visit;
  const path = decoded(encoded);
  const asset = site.files.get(path) ?? site.pages.get(path)?.asset;
  if (asset === undefined) return deps.problem(exchange, notFound(path));
  const headers: [string, string][] = [];
  const cookies: string[] = [];
  for (let i = 0; i < own.length; i += 2) {
    const name = (own[i] ?? '').toLowerCase();
    if (name === 'set-cookie') cookies.push(own[i + 1] ?? '');
    else if (!name.startsWith('content-') || name.startsWith('content-security')) headers.push([name, own[i + 1] ?? '']);
  }
  const dressed = withHeaders(asset, headers, status === 200 ? asset.status : status);
  deps.sender.send(exchange, dressed, cookies.flatMap((cookie) => ['set-cookie', cookie]));
}


/** The path comes as `encodeURI` wrote it, since a header holds no other letters. */
function decoded(path: string): string {
  try {
    return decodeURI(path);
  } catch {
    return path;
  }
}
