import type { DeploymentId } from '@anchor/core/names/id.ts';
import type { HostRoute } from '@anchor/core/ports/route-table.ts';
import type { Asset, Part } from './assets/asset.ts';
import { storedKey } from './cache/key.ts';
import type { KeptPage, KeptPages } from './cache/kept-pages.ts';
import { standingByAge, type Made } from './cache/made.ts';
import type { Problem } from './pages/error-page.ts';
import { methodNotAllowed, notFound } from './pages/problems.ts';
import type { Asked } from './routing/condition.ts';
import type { Headers } from './routing/plan.ts';
import type { Visit } from './serve.ts';
import { findPage } from './sites/clean-url.ts';
import type { Sites } from './sites/sites.ts';
import type { Standing, TagLogs } from './sites/tag-log.ts';

/** What answers a request. */
export type Choice =
  /** A file or a stored answer, dressed with the headers of routing. */
  | Readonly<{ kind: 'asset'; asset: Asset; basis: Basis }>
  /** A shell that is there, and the function renders the rest. */
  | Readonly<{ kind: 'partial'; shell: Asset; postponed: Part }>
  | Readonly<{ kind: 'redirect'; status: number; location: string; headers: Headers }>
  | Readonly<{ kind: 'function' }>
  | Readonly<{ kind: 'problem'; problem: Problem; headers: readonly string[] }>
  /** Something must be read first: only for the rare ones, all else is decided without waiting. */
  | Readonly<{ kind: 'later'; choice: Promise<Choice> }>;

/**
 * What the choice of an asset follows from, beside the request: the site alone, a stored page as long as it is that one
 * and fresh, or more than that.
 */
export type Basis = 'site' | 'moment' | StoredPage;

/**
 * Names a stored page without holding anything of it, its tags neither: who remembers it does not keep what has left.
 * `version`: of what is kept; undefined for the build's own.
 */
export type StoredPage = Readonly<{ key: string; version: number | undefined }>;

/** Whether a choice would be made again: `gone`, not from this basis; `not now`, maybe later. */
export type Footing = 'stands' | 'not now' | 'gone';

export type DecideDeps = Readonly<{
  sites: Sites;
  tags: TagLogs;
  kept: KeptPages;
  now(): number;
  /** Has a stale page made anew; at once done, however often it is called. */
  refresh(visit: Visit, made: Made, shell: boolean): void;
  /** Has a page compressed for those who can read that; at once done, however often it is called. */
  compress(deploymentId: DeploymentId, key: string, page: KeptPage): void;
}>;

const FUNCTION: Choice = { kind: 'function' };
const problem = (what: Problem, headers: readonly string[] = []): Choice => ({ kind: 'problem', problem: what, headers });

/**
 * file → prerender → earlier deployments' files → function, or the site's own pages where it has none. Sends nothing and
 * changes nothing of the visit (but a stale page is made anew from here on): every way that a request can come in asks here and gets the same answer.
 */
export function decide(deps: DecideDeps, visit: Visit): Choice {
  const { exchange, site, target } = visit;
  const { method, headers: requested } = exchange.req;
  if (method !== 'GET' && method !== 'HEAD') return site.hasFunction ? FUNCTION : problem(methodNotAllowed(method ?? ''), ['allow', 'GET, HEAD']);
  const asked: Asked = { headers: requested, host: exchange.host, query: target.query, exchange };
  const decision = site.plans.decide(target.path, target.decoded, asked);
  let headers: Headers = [];
  let pages = true;
  if (decision.kind === 'redirect') return decision;
  if (decision.kind === 'function') {
    if (site.hasFunction) return FUNCTION;
  } else ({ headers, pages } = decision);

  const path = target.decoded;
  if (path !== undefined && !site.ownPages.has(path)) {
    const file = site.files.get(path);
    if (file !== undefined) return { kind: 'asset', asset: site.dressed(file, headers), basis: 'site' };
    const page = pages || !site.hasFunction ? stored(deps, visit, path, asked) : undefined;
    if (page !== undefined) {
      const asset = site.dressed(page.asset, headers);
      return page.postponed === undefined ? { kind: 'asset', asset, basis: page.basis } : { kind: 'partial', shell: asset, postponed: page.postponed };
    }
  }
  if (path !== undefined && visit.route.earlier.length > 0 && site.mayBeHashed(path)) {
    return { kind: 'later', choice: earlier(deps, visit, path).then((asset) => (asset === undefined ? miss(visit, headers) : { kind: 'asset', asset, basis: 'moment' })) };
  }
  return miss(visit, headers);
}

type Stored = Readonly<{ asset: Asset; postponed: Part | undefined; basis: Basis }>;

/** The stored answer of a page, when it may be used for this request: what a function made last, or else what the build did. */
function stored(deps: DecideDeps, visit: Visit, path: string, asked: Asked): Stored | undefined {
  const { site, deploymentId, target } = visit;
  const share = site.hasFunction ? deps.kept.of(deploymentId) : undefined;
  if (site.pages.size === 0 && share === undefined) return undefined;
  const key = storedKey(site, path, target.query, asked.headers);
  if (key === undefined) return undefined;
  const built = site.pages.get(key);
  if (!site.hasFunction) return built === undefined ? undefined : { asset: built.asset, postponed: undefined, basis: 'site' };

  const kept = share?.get(key);
  if (kept === undefined && (built === undefined || built.functionOnly)) return undefined;
  if (site.bypasses(key, asked)) return undefined;
  if (share !== undefined && kept !== undefined) {
    const { postponed } = kept;
    const standing = standingOf(deps, visit, kept.made, postponed !== undefined);
    if (standing === 'expired') return void deps.kept.delete(deploymentId, key);
    deps.kept.used(share, key, kept);
    if (kept.fresh.gzip === undefined && asked.headers['accept-encoding'] !== undefined) deps.compress(deploymentId, key, kept);
    return standing === 'stale' ? { asset: kept.stale, postponed, basis: 'moment' } : { asset: kept.fresh, postponed, basis: { key, version: kept.version } };
  }
  if (built === undefined || (share?.newest(built.made.group) ?? 0) > built.made.at) return undefined;
  const { postponed } = built;
  const standing = standingOf(deps, visit, built.made, postponed !== undefined);
  if (standing === 'expired') return undefined;
  return standing === 'stale' ? { asset: built.stale, postponed, basis: 'moment' } : { asset: built.asset, postponed, basis: { key, version: undefined } };
}

/**
 * `stands`: `decide` would make the same choice for the same request and the same site, and has nothing else to do about it.
 *
 * `gone`: another page would be chosen, or none. A version that was replaced or driven out never comes back; the build's
 * own page may, when what replaced it is driven out, but the request that finds it so is answered the whole way and
 * remembered anew. `not now` is all that only time and tags say, or that can not be told without waiting: a log of tags
 * that is read to its end may leave the page fresh, and a page that is too old is replaced, which makes it `gone`.
 */
export function footing({ sites, kept, tags, now }: Pick<DecideDeps, 'sites' | 'kept' | 'tags' | 'now'>, { deploymentId, artifact }: Pick<HostRoute, 'deploymentId' | 'artifact'>, basis: Basis): Footing {
  if (typeof basis === 'string') return basis === 'site' ? 'stands' : 'gone';
  const { key, version } = basis;
  const share = kept.of(deploymentId);
  const page = share?.get(key);
  if (page?.version !== version) return 'gone';
  const made = page === undefined ? sites.get(artifact)?.pages.get(key)?.made : page.made;
  // The site is not parsed at the moment.
  if (made === undefined) return 'not now';
  if (page === undefined && (share?.newest(made.group) ?? 0) > made.at) return 'gone';
  const time = now();
  return standingByAge(made, time) === 'fresh' && tags.standing(deploymentId, made.tags, made.at, time) === 'fresh' ? 'stands' : 'not now';
}

function standingOf(deps: DecideDeps, visit: Visit, made: Made, shell: boolean): Standing {
  const now = deps.now();
  const byAge = standingByAge(made, now);
  if (byAge === 'expired') return byAge;
  const byTags = deps.tags.standing(visit.deploymentId, made.tags, made.at, now);
  const standing = byTags === 'fresh' ? byAge : byTags;
  if (standing === 'stale') deps.refresh(visit, made, shell);
  return standing;
}

/** Files with a content hash in their name, of deployments that this host served before: for the tabs that still ask. */
export async function earlier(deps: DecideDeps, { route, site }: Visit, path: string): Promise<Asset | undefined> {
  for (const before of [route, ...route.earlier]) {
    if (before.artifact === site.artifact) continue;
    const known = deps.sites.get(before.artifact) ?? (await deps.sites.load(before.artifact).then((result) => (result.ok ? result.value : undefined)));
    if (known?.immutable.has(path) === true) return known.files.get(path);
  }
  return undefined;
}

function miss(visit: Visit, headers: Headers): Choice {
  const { site, target } = visit;
  const path = target.decoded;
  if (site.hasFunction) {
    // A hashed file that no deployment of this host has: nothing that a function could answer.
    if (path !== undefined && site.isHashed(path)) return problem(notFound(target.path));
    return FUNCTION;
  }
  if (path !== undefined) {
    const found = findPage(site, path);
    if (found?.kind === 'redirect') {
      const at = target.path.endsWith('/') ? target.path.slice(0, -1) : `${target.path}/`;
      return { kind: 'redirect', status: 308, location: target.query === '' ? at : `${at}?${target.query}`, headers };
    }
    if (found !== undefined) return { kind: 'asset', asset: site.dressed(found.asset, headers), basis: 'site' };
  }
  const last = target.path.slice(target.path.lastIndexOf('/'));
  if (site.fallback !== undefined && !last.includes('.')) return { kind: 'asset', asset: site.dressed(site.fallback, headers), basis: 'site' };
  if (site.notFound !== undefined) return { kind: 'asset', asset: site.dressed(site.notFound, headers), basis: 'site' };
  return problem(notFound(target.path));
}
