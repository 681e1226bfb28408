import type { RouteHas, WebComponent } from '@anchor/core/artifact/manifest.ts';
import { fileAsset, prerenderAsset, withHeaders, type Asset } from '../assets/asset.ts';
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

const MAX_DRESSED = 4096;

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
  readonly #dressed = new Map<string, Asset>();

  constructor(artifact: string, web: WebComponent) {
    this.artifact = artifact;
    this.web = web;
    this.plans = new RoutingPlans(web);
    this.hasFunction = web.function !== undefined;
    this.staticPrefix = `${web.basePath === '/' ? '' : web.basePath}/_next/static/`;
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

  /** An asset with the headers that routing adds at this path, prepared once for each set of them. */
  dressed(asset: Asset, headers: Headers): Asset {
    if (headers.length === 0) return asset;
    const key = `${asset.identity.blob}\0${asset.status}\0${asset.headers.get('content-type') ?? ''}\0${JSON.stringify(headers)}`;
    let dressed = this.#dressed.get(key);
    if (dressed === undefined) {
      dressed = withHeaders(asset, headers);
      if (this.#dressed.size >= MAX_DRESSED) this.#dressed.clear();
      this.#dressed.set(key, dressed);
    }
    return dressed;
  }
}

/** Whether the stored answer must not be used for this request, whatever its age. */
export function bypassed(page: Page, asked: Asked, cookie: string | undefined): boolean {
  if (cookie !== undefined && (page.bypassToken === undefined || cookie === page.bypassToken)) return true;
  return page.bypass.some((conditions) => conditions.match(asked) !== undefined);
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
