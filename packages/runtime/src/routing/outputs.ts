/**
 * Which output of the build serves a path: entry points by their name or as dynamic routes, files of the edge, the
 * image optimizer.
 */
import { isRecord } from '../process/environment.ts';
import type { Description, Entry } from './description.ts';
import type { Locales } from './locale.ts';
import { decode, type Captures } from '@anchor/protocol/route-rules.ts';
import { compileRules, matchRule, type MatchContext, type Query, type Rule } from './rules.ts';
import { dynamicPages, type DynamicPage } from './dynamic-routes.ts';

export type Output =
  | Readonly<{ kind: 'image' }>
  | Readonly<{ kind: 'file'; pathname: string }>
  /** `params`: what a dynamic route took from the path, under the names that entry points expect. */
  | Readonly<{ kind: 'entry'; entry: Entry; params: Query }>;

/** A path with basePath and, where the app has locales, with one. */
export type Sought = Readonly<{ pathname: string; /** The request named the locale. */ named: boolean; data: boolean }>;

type Dynamic = Readonly<{ rule: Rule; page: DynamicPage }>;

export class Outputs {
  readonly #basePath: string;
  readonly #locales: Locales | undefined;
  readonly #entries: ReadonlyMap<string, Entry>;
  /** Files of the entry points that have data of their own. */
  readonly #withData: ReadonlySet<string>;
  readonly #files: ReadonlySet<string>;
  /** Paths of dynamic routes that have no others than those that the build made. */
  readonly #built: ReadonlySet<string>;
  readonly #image: string;
  readonly #dynamic: readonly Dynamic[];

  constructor(description: Description, locales: Locales | undefined) {
    const { config, entries, served, staticPaths = [], routing, buildId } = description;
    const { basePath } = config;
    const dataPrefix = `${basePath}/_next/data/${buildId}/`;
    this.#basePath = basePath;
    this.#locales = locales;
    this.#entries = entriesByPathname(description, dataPrefix);
    const hasData = ({ type, prerendered, pathname }: Entry): boolean =>
      type === 'PAGES' && (prerendered === true || pathname.startsWith(dataPrefix));
    this.#withData = new Set(entries.filter(hasData).map(({ filePath }) => filePath));
    this.#files = new Set(served);
    this.#built = new Set(staticPaths);
    const image = config.images?.['path'];
    this.#image = typeof image === 'string' ? image.replace(/\/$/, '') : `${basePath}/_next/image`;
    this.#dynamic = dynamicPages({ routing, basePath, buildId }).flatMap((page): Dynamic[] =>
      compileRules([page.rule]).map((rule) => ({ rule, page })),
    );
  }

  byPathname(pathname: string): Entry | undefined {
    return this.#entries.get(pathname);
  }

  byName({ pathname, named, data }: Sought): Output | undefined {
    const basePath = this.#basePath;
    if (basePath !== '' && pathname !== basePath && !pathname.startsWith(`${basePath}/`)) return undefined;
    const path = pathname.length > 1 ? pathname.replace(/\/$/, '') : pathname;
    if (path === this.#image) return { kind: 'image' };
    // The edge has them all, and requests one here only when middleware or a rewrite may come before it.
    if (!data && path.startsWith(`${basePath}/_next/static/`)) return { kind: 'file', pathname: decode(path) };
    for (const form of new Set([path, decode(path)])) {
      const file = data ? undefined : this.#fileOf(form);
      if (file !== undefined) return { kind: 'file', pathname: file };
      const entry = form === path || !NEEDLESS_ESCAPE.test(path) ? this.#entryOf(form, named, data) : undefined;
      if (entry !== undefined) return { kind: 'entry', entry, params: {} };
    }
    return undefined;
  }

  byPattern({ pathname, named, data }: Sought, facts: MatchContext): Output | undefined {
    const path = pathname.length > 1 ? pathname.replace(/\/$/, '') : pathname;
    const known = this.#built.size > 0 && this.#built.has(decode(path));
    for (const { rule, page } of this.#dynamic) {
      const captures = matchRule(known ? { ...rule, has: [], missing: [] } : rule, pathname, facts);
      if (captures === undefined) continue;
      const locale = page.localized ? `/${captures.get('nextLocale') ?? ''}` : '';
      const name = `${this.#basePath}${locale}${page.page}`;
      const entry = this.#entryOf(name, named, data);
      if (entry !== undefined) return { kind: 'entry', entry, params: paramsOf(captures, page) };
      // A page without data of its own is a file, which is the same for all of its paths.
      const file = data ? undefined : this.#fileOf(name);
      if (file !== undefined) return { kind: 'file', pathname: file };
    }
    return undefined;
  }

  #entryOf(pathname: string, named: boolean, data: boolean): Entry | undefined {
    const entry = this.#entryNamed(pathname, named);
    return entry === undefined || (data && !this.#withData.has(entry.filePath)) ? undefined : entry;
  }

  /** Returns an entry point. Those of `app/` and `pages/api` have no locale in their names. */
  #entryNamed(pathname: string, named: boolean): Entry | undefined {
    const exact = this.#entries.get(pathname);
    if (exact !== undefined || this.#locales === undefined) return exact;
    const plain = this.#entries.get(this.#withoutLocale(pathname));
    return named && plain !== undefined && plain.type !== 'PAGES' ? undefined : plain;
  }

  #withoutLocale(pathname: string): string {
    const basePath = this.#basePath;
    const { rest } = this.#locales?.split(pathname.slice(basePath.length) || '/') ?? { rest: pathname };
    return `${basePath}${rest === '/' && basePath !== '' ? '' : rest}`;
  }

  #fileOf(pathname: string): string | undefined {
    if (this.#files.has(pathname)) return pathname;
    const { locale } = this.#locales?.split(pathname.slice(this.#basePath.length) || '/') ?? {};
    if (locale === undefined || this.#locales?.defaults.has(locale) !== true) return undefined;
    const plain = this.#withoutLocale(pathname);
    return this.#files.has(plain) ? plain : undefined;
  }
}

/**
 * Maps entry points by the address of their page. Next lists one again for the page's data and for its payload, which a
 * request selects by headers or address. A page that has such an address itself comes first.
 */
function entriesByPathname(
  { entries: described, routing: { rsc } }: Description,
  dataPrefix: string,
): ReadonlyMap<string, Entry> {
  const suffix = isRecord(rsc) && typeof rsc['suffix'] === 'string' ? rsc['suffix'] : '.rsc';
  const pathnames = new Map<string, Set<string>>();
  for (const { filePath, pathname } of described)
    pathnames.set(filePath, (pathnames.get(filePath) ?? new Set()).add(pathname));
  const isPayload = ({ filePath, pathname }: Entry): boolean =>
    pathname.endsWith(suffix) && pathnames.get(filePath)?.has(pathname.slice(0, -suffix.length)) === true;
  const entries = new Map<string, Entry>();
  for (const entry of described) {
    if (entry.pathname.startsWith(dataPrefix) || (isPayload(entry) && entries.has(entry.pathname))) continue;
    entries.set(entry.pathname, entry);
  }
  return entries;
}

/** A letter or digit that is written as an escape: files are found by such a path, pages are not. */
const NEEDLESS_ESCAPE = /%(?:2[DE]|3\d|4[1-9A-F]|5[0-9AF]|6[1-9A-F]|7[0-9AE])/i;

function paramsOf(captures: Captures, { params }: DynamicPage): Query {
  const query: Query = {};
  for (const { key, group, repeats } of params) {
    const value = captures.get(group);
    if (value !== undefined && value !== '') query[key] = repeats ? value.split('/') : value;
  }
  return query;
}
