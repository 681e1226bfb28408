import type { Prerender, StaticFile } from '@anchor/protocol/artifact/web/files.ts';
import type { RouteHas } from '@anchor/protocol/artifact/web/rules.ts';
import { OverBudget } from '@anchor/core/expressions/match.ts';
import { pageTag } from '@anchor/protocol/cache-metadata.ts';
import { cookieValue } from '@anchor/protocol/cookies.ts';
import { fileAsset, prerenderAsset, staleAsset, withHeaders, type Asset, type Part } from '../static/asset.ts';
import type { PageMetadata } from '../util/page-metadata.ts';
import type { Headers } from '../http/headers.ts';
import { Conditions, type RequestView } from './conditions.ts';
import { RouteMatcher } from './route-matcher.ts';
import { PathIndex } from './path-index.ts';
import { LazyIndex } from './lazy-index.ts';
import type { Group, SiteHead, SiteIndex } from './site-index.ts';

/** A prerendered page, and when its stored response may be used. */
export type Page = Readonly<{
  asset: Asset;
  /** The same page while a revalidation is due. */
  stale: Asset;
  /** Only the function can respond. */
  functionOnly: boolean;
  metadata: PageMetadata;
  /** Of a partially prerendered page: the state from which its render resumes. The asset is its shell. */
  postponed: Part | undefined;
  bypass: readonly Conditions[];
  bypassToken: string | undefined;
}>;

/** With more tags, only the function decides whether a page is stale: each request would check all of them. */
const MAX_TAGS = 1_000;
/** Memory of a site beside its index. */
const OVERHEAD = 16 * 1024;

/**
 * Represents an artifact's web component, ready to serve. Files and pages are prepared one by one, at their first
 * request.
 */
export class Site {
  readonly artifact: string;
  readonly web: SiteHead;
  readonly routeMatcher: RouteMatcher;
  readonly hasFunction: boolean;
  /** Whether responses may depend on the client's address, not only on the request. */
  readonly dependsOnClientAddress: boolean;
  /**
   * The platform's own runtime runs its function, so its `x-anchor-…` headers are trusted. Other servers may pass on
   * headers of any origin.
   */
  readonly trustsRuntimeHeaders: boolean;
  /** Responses of its function may be compressed by the edge. */
  readonly mayCompress: boolean;
  /** Its function is given paths with repeated slashes as they came. */
  readonly keepsRepeatedSlashes: boolean;
  readonly files: Readonly<{ get(path: string): Asset | undefined }>;
  readonly pages: LazyIndex<Page>;
  /** Secrets that allow `x-prerender-revalidate`. */
  readonly tokens: ReadonlySet<string>;
  readonly notFound: Asset | undefined;
  readonly fallback: Asset | undefined;
  readonly staticPrefix: string;
  /** Next's own error pages: only the function gives them the right status when they are requested by name. */
  readonly errorPages: ReadonlySet<string>;
  /** Its memory, in bytes. */
  readonly bytes: number;
  readonly #files: LazyIndex<File>;
  readonly #groups: LazyIndex<Group>;
  /** Path prefix under which pages request hashed files, when it differs. */
  readonly #prefixed: string | undefined;
  readonly #partialBypass: readonly Conditions[] | undefined;
  readonly #withHeaders = new WeakMap<Headers, WeakMap<Asset, Asset>>();

  constructor(artifact: string, { head, files, pages, groups }: SiteIndex) {
    this.artifact = artifact;
    this.web = head;
    this.routeMatcher = new RouteMatcher(head);
    this.hasFunction = head.function !== undefined;
    this.trustsRuntimeHeaders = head.function?.kind === 'next';
    this.mayCompress = head.compress !== false;
    this.keepsRepeatedSlashes = this.hasFunction && head.framework.name !== 'nextjs';
    const base = head.basePath === '/' ? '' : head.basePath;
    this.staticPrefix = `${base}/_next/static/`;
    this.#prefixed = head.assetPrefix === undefined ? undefined : `${head.assetPrefix}/_next/static/`;
    this.errorPages = new Set(
      this.hasFunction ? ['/404', '/500', '/_not-found', '/_global-error', '/_error'].map((path) => base + path) : [],
    );
    // The indexes hold what the schema has let pass.
    this.#files = new LazyIndex(new PathIndex(files), (file) => fileOf(file as StaticFile));
    this.#groups = new LazyIndex(new PathIndex(groups), (group) => tagged(group as Group));
    this.files = { get: (path) => this.#file(path)?.asset };
    this.pages = new LazyIndex(new PathIndex(pages), (page, path) => this.#page(page as Prerender, path));
    this.tokens = new Set(head.tokens);
    this.dependsOnClientAddress = this.routeMatcher.dependsOnClientAddress || head.pagesDependOnClientAddress;
    this.#partialBypass = head.partialBypass?.map((all) => new Conditions(all));
    this.notFound = head.notFoundFile === undefined ? undefined : fileAsset(head.notFoundFile, 404);
    this.fallback = head.fallbackFile === undefined ? undefined : fileAsset(head.fallbackFile);
    this.bytes =
      OVERHEAD +
      files.byteLength +
      pages.byteLength +
      groups.byteLength +
      4 * JSON.stringify(head.routing ?? {}).length;
  }

  /** Returns a file whose name contains its content's hash: the same for every deployment that has it. */
  immutable(path: string): Asset | undefined {
    const file = this.#file(path);
    return file?.immutable === true ? file.asset : undefined;
  }

  #file(path: string): File | undefined {
    const file = this.#files.get(path);
    if (file !== undefined || this.#prefixed === undefined || !path.startsWith(this.#prefixed)) return file;
    return this.#files.get(this.staticPrefix + path.slice(this.#prefixed.length));
  }

  #page(page: Prerender, path: string): Page {
    const { name, tags } = this.#groups.get(String(page.group)) ?? tagged({ name: path, tags: [] });
    const asset = prerenderAsset(page);
    // Other servers do not report how they use the lifetime of their pages.
    const timed = this.trustsRuntimeHeaders && this.web.builtAt !== undefined;
    return {
      asset,
      stale: staleAsset(asset),
      functionOnly:
        this.hasFunction &&
        ((page.revalidate !== false && !timed) ||
          (page.partial === true && page.postponed === undefined) ||
          tags.length > MAX_TAGS + 1),
      postponed: this.hasFunction ? page.postponed : undefined,
      metadata: {
        group: name,
        at: this.web.builtAt ?? 0,
        tags,
        staleAfter: page.revalidate === false ? Infinity : page.revalidate * 1000,
        expireAfter: page.expire === undefined ? Infinity : page.expire * 1000,
      },
      bypass: page.bypass.map((all: readonly RouteHas[]) => new Conditions(all)),
      bypassToken: page.bypassToken,
    };
  }

  /** Returns whether an earlier deployment may have had a file of this name that must stay reachable. */
  mayBeImmutableAsset(path: string): boolean {
    return this.web.framework.name === 'nextjs'
      ? this.isImmutableAsset(path)
      : path.includes('.', path.lastIndexOf('/'));
  }

  /**
   * Returns whether the path is one of Next's hashed files, there or not. A server of the project's own around Next.js
   * has these itself.
   */
  isImmutableAsset(path: string): boolean {
    return (
      this.web.framework.name === 'nextjs' &&
      (path.startsWith(this.staticPrefix) || (this.#prefixed !== undefined && path.startsWith(this.#prefixed)))
    );
  }

  /**
   * Returns whether the clients that cannot take a page in two parts are known: the build lists them for its own pages.
   */
  get hasPprBotRules(): boolean {
    return this.#partialBypass !== undefined;
  }

  /**
   * Returns whether no stored response may be used for this request, whatever its age: drafts, revalidations on demand,
   * actions.
   */
  bypasses(key: string, facts: RequestView): boolean {
    const page = this.pages.get(key);
    const { headers } = facts;
    const revalidates = headers['x-prerender-revalidate'];
    if (revalidates !== undefined && (page?.bypassToken === undefined || revalidates === page.bypassToken)) return true;
    const cookie = cookieValue(headers.cookie, '__prerender_bypass');
    if (
      cookie !== undefined &&
      (page === undefined
        ? this.tokens.size === 0 || this.tokens.has(cookie)
        : page.bypassToken === undefined || cookie === page.bypassToken)
    )
      return true;
    try {
      return (page?.bypass ?? this.#partialBypass ?? ACTIONS).some(
        (conditions) => conditions.match(facts) !== undefined,
      );
    } catch (error) {
      if (error instanceof OverBudget) return true;
      throw error;
    }
  }

  /**
   * Returns an asset with the headers that routing adds: prepared once for each list of them, and lists are cached with
   * their plans.
   */
  withRouteHeaders(asset: Asset, headers: Headers): Asset {
    if (headers.length === 0) return asset;
    let known = this.#withHeaders.get(headers);
    if (known === undefined) this.#withHeaders.set(headers, (known = new WeakMap()));
    let dressed = known.get(asset);
    if (dressed === undefined) known.set(asset, (dressed = withHeaders(asset, headers)));
    return dressed;
  }
}

/**
 * Requests that need the function for more than a stored response, on pages that the build did not render: server
 * actions.
 */
const ACTIONS = [
  new Conditions([{ type: 'header', key: 'next-action' }]),
  new Conditions([{ type: 'header', key: 'content-type', value: 'multipart/form-data;.*' }]),
];

/** With its own tag. All pages of a group have the one list. */
const tagged = ({ name, tags }: Group): Group => ({ name, tags: [pageTag(name), ...tags] });

type File = Readonly<{ asset: Asset; immutable: boolean }>;
const fileOf = (file: StaticFile): File => ({ asset: fileAsset(file), immutable: file.immutable === true });
