import type { RouteHas, WebComponent } from '@anchor/core/artifact/manifest.ts';
import { fileAsset, prerenderAsset, staleAsset, withHeaders, type Asset, type Part } from '../assets/asset.ts';
import { groupTag, type Made } from '../cache/made.ts';
import { cookieValue } from '../http/headers.ts';
import { TooSlow } from '../routing/bounded.ts';
import { Conditions, type Asked } from '../routing/condition.ts';
import { RoutingPlans, type Headers } from '../routing/plan.ts';

/** A prerendered page, and when its stored answer may be used. */
export type Page = Readonly<{
  asset: Asset;
  /** The same once it is to be made anew. */
  stale: Asset;
  /** Only the function can answer. */
  functionOnly: boolean;
  made: Made;
  /** Of a partially prerendered page: where its render goes on from. The asset is its shell. */
  postponed: Part | undefined;
  bypass: readonly Conditions[];
  bypassToken: string | undefined;
}>;

/** An artifact's web component, made ready to answer: names in Maps, rules compiled, heads of answers prepared. */
export class Site {
  readonly artifact: string;
  readonly web: WebComponent;
  readonly plans: RoutingPlans;
  readonly hasFunction: boolean;
  /** What answers may depend on who the visitor is, not only on what is asked. */
  readonly asksWho: boolean;
  /** Its function is run by the platform's own runtime: what that says in `x-anchor-…` headers holds. Other servers may pass on anybody's. */
  readonly givesOrders: boolean;
  readonly files = new Map<string, Asset>();
  readonly pages = new Map<string, Page>();
  readonly immutable = new Set<string>();
  /** Secrets that allow `x-prerender-revalidate`. */
  readonly tokens = new Set<string>();
  readonly notFound: Asset | undefined;
  readonly fallback: Asset | undefined;
  readonly staticPrefix: string;
  /** Next's own error pages: asked for by name, only the function gives them the right status. */
  readonly ownPages: ReadonlySet<string>;
  /** Where pages ask for hashed files when that is elsewhere. */
  readonly #prefixed: string | undefined;
  readonly #partialBypass: readonly Conditions[] | undefined;
  readonly #dressed = new WeakMap<Headers, WeakMap<Asset, Asset>>();

  constructor(artifact: string, web: WebComponent) {
    this.artifact = artifact;
    this.web = web;
    this.plans = new RoutingPlans(web);
    this.hasFunction = web.function !== undefined;
    this.givesOrders = web.function?.kind === 'next';
    const base = web.basePath === '/' ? '' : web.basePath;
    this.staticPrefix = `${base}/_next/static/`;
    this.#prefixed = web.assetPrefix === undefined ? undefined : `${web.assetPrefix}/_next/static/`;
    this.ownPages = new Set(this.hasFunction ? ['/404', '/500', '/_not-found', '/_global-error', '/_error'].map((path) => base + path) : []);
    for (const [path, file] of Object.entries(web.files)) {
      const asset = fileAsset(file);
      const paths = this.#prefixed !== undefined && path.startsWith(this.staticPrefix) ? [path, this.#prefixed + path.slice(this.staticPrefix.length)] : [path];
      for (const name of paths) {
        this.files.set(name, asset);
        if (file.immutable === true) this.immutable.add(name);
      }
    }
    const groups = groupsOf(web, base);
    // What a server does by itself with the time of its pages, it does not tell.
    const timed = web.function?.kind === 'next' && web.builtAt !== undefined;
    for (const [path, page] of Object.entries(web.prerenders)) {
      if (page.bypassToken !== undefined) this.tokens.add(page.bypassToken);
      const { name, tags } = groups.get(page.group) ?? { name: path, tags: [] };
      const asset = prerenderAsset(page);
      this.pages.set(path, {
        asset,
        stale: staleAsset(asset),
        functionOnly: this.hasFunction && ((page.revalidate !== false && !timed) || (page.partial === true && page.postponed === undefined)),
        postponed: this.hasFunction ? page.postponed : undefined,
        made: {
          group: name, at: web.builtAt ?? 0, tags: [groupTag(name), ...tags],
          staleAfter: page.revalidate === false ? Infinity : page.revalidate * 1000, expireAfter: page.expire === undefined ? Infinity : page.expire * 1000,
        },
        bypass: page.bypass.map((all: readonly RouteHas[]) => new Conditions(all)),
        bypassToken: page.bypassToken,
      });
    }
    this.asksWho = this.plans.asksWho || [...this.pages.values()].some(({ bypass }) => bypass.some(({ asksWho }) => asksWho));
    this.#partialBypass = [...this.pages.values()].find(({ postponed }) => postponed !== undefined)?.bypass;
    const notFound = own(web.files, web.notFound);
    this.notFound = notFound === undefined ? undefined : fileAsset(notFound, 404);
    const fallback = own(web.files, web.fallback);
    this.fallback = fallback === undefined ? undefined : fileAsset(fallback);
  }

  /** Whether an earlier deployment may have had a file of this name that must stay reachable. */
  mayBeHashed(path: string): boolean {
    return this.web.framework.name === 'nextjs' ? this.isHashed(path) : path.includes('.', path.lastIndexOf('/'));
  }

  /** Whether the path is one of Next's hashed files, there or not. */
  isHashed(path: string): boolean {
    return path.startsWith(this.staticPrefix) || (this.#prefixed !== undefined && path.startsWith(this.#prefixed));
  }

  /** Whether it is known which visitors can not be given a page in two parts: the build says so of its own pages. */
  get pausesForBots(): boolean {
    return this.#partialBypass !== undefined;
  }

  /** Whether no stored answer may be used for this request, whatever its age: drafts, revalidations on demand, actions. */
  bypasses(key: string, asked: Asked): boolean {
    const page = this.pages.get(key);
    const { headers } = asked;
    const revalidates = headers['x-prerender-revalidate'];
    if (revalidates !== undefined && (page?.bypassToken === undefined || revalidates === page.bypassToken)) return true;
    const cookie = cookieValue(headers.cookie, '__prerender_bypass');
    if (cookie !== undefined && (page === undefined ? this.tokens.size === 0 || this.tokens.has(cookie) : page.bypassToken === undefined || cookie === page.bypassToken)) return true;
    try {
      return (page?.bypass ?? this.#partialBypass ?? ACTIONS).some((conditions) => conditions.match(asked) !== undefined);
    } catch (error) {
      if (error instanceof TooSlow) return true;
      throw error;
    }
  }

  /** An asset with the headers that routing adds: prepared once for each list of them, and lists are kept with their plans. */
  dressed(asset: Asset, headers: Headers): Asset {
    if (headers.length === 0) return asset;
    let known = this.#dressed.get(headers);
    if (known === undefined) this.#dressed.set(headers, (known = new WeakMap()));
    let dressed = known.get(asset);
    if (dressed === undefined) known.set(asset, (dressed = withHeaders(asset, headers)));
    return dressed;
  }
}

/** What asks the function for more than a stored answer, of pages that the build did not make: server actions. */
const ACTIONS = [new Conditions([{ type: 'header', key: 'next-action' }]), new Conditions([{ type: 'header', key: 'content-type', value: 'multipart/form-data;.*' }])];

type Group = Readonly<{ name: string; tags: readonly string[] }>;

/** A page's HTML, RSC payload, segments and data go stale together. Its name is its path, with the locale, without basePath. */
function groupsOf(web: WebComponent, base: string): ReadonlyMap<number, Group> {
  const groups = new Map<number, { name: string; tags: Set<string> }>();
  for (const [path, page] of Object.entries(web.prerenders)) {
    let group = groups.get(page.group);
    if (group === undefined) groups.set(page.group, (group = { name: path, tags: new Set() }));
    for (const tag of page.tags) group.tags.add(tag);
    if (!isPart(path, base)) group.name = path.startsWith(base) ? path.slice(base.length) || '/' : path;
  }
  return new Map([...groups].map(([id, { name, tags }]) => [id, { name, tags: [...tags] }]));
}

const isPart = (path: string, base: string): boolean => path.endsWith('.rsc') || path.startsWith(`${base}/_next/data/`);

const own = <T>(record: Readonly<Record<string, T>>, key: string | undefined): T | undefined => (key !== undefined && Object.hasOwn(record, key) ? record[key] : undefined);
