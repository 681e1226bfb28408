import type { RouteHas, WebComponent } from '@anchor/core/artifact/manifest.ts';
import { fileAsset, prerenderAsset, withHeaders, type Asset } from '../assets/asset.ts';
import { TooSlow } from '../routing/bounded.ts';
import { Conditions, type Asked } from '../routing/condition.ts';
import { RoutingPlans, type Headers } from '../routing/plan.ts';

/** A prerendered page, and when its stored answer may be used. */
export type Page = Readonly<{
  asset: Asset;
  /** Only the function can answer: time-based revalidation and partial pages are its own cache handler's. */
  functionOnly: boolean;
  tags: readonly string[];
  bypass: readonly Conditions[];
  bypassToken: string | undefined;
}>;

/** An artifact's web component, made ready to answer: names in Maps, rules compiled, heads of answers prepared. */
export class Site {
  readonly artifact: string;
  readonly web: WebComponent;
  readonly plans: RoutingPlans;
  readonly hasFunction: boolean;
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
  readonly #dressed = new WeakMap<Headers, Map<Asset, Asset>>();

  constructor(artifact: string, web: WebComponent) {
    this.artifact = artifact;
    this.web = web;
    this.plans = new RoutingPlans(web);
    this.hasFunction = web.function !== undefined;
    const base = web.basePath === '/' ? '' : web.basePath;
    this.staticPrefix = `${base}/_next/static/`;
    this.ownPages = new Set(this.hasFunction ? ['/404', '/500', '/_not-found', '/_global-error', '/_error'].map((path) => base + path) : []);
    for (const [path, file] of Object.entries(web.files)) {
      this.files.set(path, fileAsset(file));
      if (file.immutable === true) this.immutable.add(path);
    }
    const groups = tagsOfGroups(web);
    for (const [path, page] of Object.entries(web.prerenders)) {
      if (page.bypassToken !== undefined) this.tokens.add(page.bypassToken);
      this.pages.set(path, {
        asset: prerenderAsset(page),
        functionOnly: this.hasFunction && (page.revalidate !== false || page.partial === true),
        tags: [...(groups.get(page.group) ?? [])],
        bypass: page.bypass.map((all: readonly RouteHas[]) => new Conditions(all)),
        bypassToken: page.bypassToken,
      });
    }
    const notFound = own(web.files, web.notFound);
    this.notFound = notFound === undefined ? undefined : fileAsset(notFound, 404);
    const fallback = own(web.files, web.fallback);
    this.fallback = fallback === undefined ? undefined : fileAsset(fallback);
  }

  /** Whether an earlier deployment may have had a file of this name that must stay reachable. */
  mayBeHashed(path: string): boolean {
    return this.web.framework.name === 'nextjs' ? path.startsWith(this.staticPrefix) : path.includes('.', path.lastIndexOf('/'));
  }

  /** An asset with the headers that routing adds: prepared once for each list of them, and lists are kept with their plans. */
  dressed(asset: Asset, headers: Headers): Asset {
    if (headers.length === 0) return asset;
    let known = this.#dressed.get(headers);
    if (known === undefined) this.#dressed.set(headers, (known = new Map()));
    let dressed = known.get(asset);
    if (dressed === undefined) known.set(asset, (dressed = withHeaders(asset, headers)));
    return dressed;
  }
}

/** Whether the stored answer must not be used for this request, whatever its age. */
export function bypassed(page: Page, asked: Asked, cookie: string | undefined): boolean {
  if (cookie !== undefined && (page.bypassToken === undefined || cookie === page.bypassToken)) return true;
  try {
    return page.bypass.some((conditions) => conditions.match(asked) !== undefined);
  } catch (error) {
    if (error instanceof TooSlow) return true;
    throw error;
  }
}

/** A page's HTML, RSC payload and segments go stale together. */
function tagsOfGroups(web: WebComponent): ReadonlyMap<number, ReadonlySet<string>> {
  const groups = new Map<number, Set<string>>();
  for (const page of Object.values(web.prerenders)) {
    const tags = groups.get(page.group) ?? new Set<string>();
    for (const tag of page.tags) tags.add(tag);
    groups.set(page.group, tags);
  }
  return groups;
}

const own = <T>(record: Readonly<Record<string, T>>, key: string | undefined): T | undefined => (key !== undefined && Object.hasOwn(record, key) ? record[key] : undefined);
