/**
 * The pages of dynamic routes, as a build lists them in `routing.dynamicRoutes`. That table mixes the pages with the
 * rules for their data and, before 16.4, for their payloads. The purpose of a rule is read from its structure: a name
 * that the app chose, such as `[...segments]` or `x.rsc`, has no meaning.
 */
import { isRecord } from '../process/environment.ts';

/** A parameter: the key under which entry points expect it, and the group of the expression that holds its value. */
export type DynamicParam = Readonly<{ key: string; group: string; repeats: boolean }>;
/**
 * `page`: its pathname below basePath and locale. `rule`: as the build states it, but for the page alone and not for
 * its payloads.
 */
export type DynamicPage = Readonly<{
  page: string;
  localized: boolean;
  params: readonly DynamicParam[];
  rule: Readonly<Record<string, unknown>>;
}>;

type Build = Readonly<{ routing: Readonly<Record<string, unknown>>; basePath: string; buildId: string }>;

/** Returns them in the order of the table, which is the order of precedence. */
export function dynamicPages({ routing, basePath, buildId }: Build): readonly DynamicPage[] {
  const rules = Array.isArray(routing['dynamicRoutes']) ? routing['dynamicRoutes'].filter(isRecord) : [];
  const payloads = payloadsOf(routing['rsc']);
  return rules.flatMap((rule) => pageOf(rule, basePath, `${basePath}/_next/data/${buildId}`, payloads) ?? []);
}

function pageOf(
  rule: Readonly<Record<string, unknown>>,
  basePath: string,
  dataPrefix: string,
  payloads: string,
): DynamicPage | undefined {
  const { sourceRegex, destination } = rule;
  if (typeof sourceRegex !== 'string' || typeof destination !== 'string') return undefined;
  // No page can be below this folder, which is Next's own.
  if (withoutEscapes(sourceRegex).startsWith(`^${dataPrefix}`)) return undefined;
  const { count, names } = groupsOf(sourceRegex);
  // Next ≤ 16.3 has a rule of its own for the payloads of each page, with this group.
  if (names.has('rscSuffix')) return undefined;
  const mark = destination.lastIndexOf('?');
  const query = mark === -1 ? '' : destination.slice(mark + 1);
  let page = (mark === -1 ? destination : destination.slice(0, mark)).slice(basePath.length);
  // Since 16.4 one rule is for a page and its payloads: the last group, the only one without a name, distinguishes
  // them.
  const suffix = `$${count}`;
  const shared = count > names.size && page.endsWith(suffix);
  // A rule that has conditions is written apart from the one for the payloads, which has none.
  if (shared && sourceRegex.endsWith(`(${payloads})${END}`)) return undefined;
  if (shared) page = page.slice(0, -suffix.length);
  const ending = `(${payloads}|)${END}`;
  const own = shared && sourceRegex.endsWith(ending) ? `${sourceRegex.slice(0, -ending.length)}()${END}` : sourceRegex;
  const localized = names.has('nextLocale') && page.startsWith('/$nextLocale');
  if (localized) page = page.slice('/$nextLocale'.length);
  const repeating = new Set(page.split('/').flatMap((segment) => catchAllOf(segment) ?? []));
  const params = query
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => {
      const at = pair.indexOf('=$');
      const key = at === -1 ? pair : pair.slice(0, at);
      return { key, group: at === -1 ? key : pair.slice(at + 2), repeats: repeating.has(key.slice(PREFIX_LENGTH)) };
    });
  return { page, localized, params, rule: { ...rule, sourceRegex: own } };
}

const END = '(?:/)?$';
/** Returns how the expressions match what follows a page's path in the addresses of its payloads. */
function payloadsOf(rsc: unknown): string {
  const text = (name: string, fallback: string): string =>
    (isRecord(rsc) && typeof rsc[name] === 'string' ? rsc[name] : fallback).replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return `${text('suffix', '.rsc')}|${text('prefetchSegmentDirSuffix', '.segments')}/.+${text('prefetchSegmentSuffix', '.segment.rsc')}`;
}

/** Of `nxtP`, and `nxtI` for parameters of intercepted routes. */
const PREFIX_LENGTH = 'nxtP'.length;

/** Returns the parameter of `[...name]` or `[[...name]]`, which may follow the marker of an intercepting route. */
const catchAllOf = (segment: string): string | undefined =>
  /^(?:\(\.{1,3}\))*\[{1,2}\.{3}(.+?)\]{1,2}$/.exec(segment)?.[1];

/** Returns the capture groups of an expression, without parsing its text. */
function groupsOf(source: string): Readonly<{ count: number; names: ReadonlySet<string> }> {
  const match = new RegExp(`${source}|`).exec('');
  return { count: (match?.length ?? 1) - 1, names: new Set(Object.keys(match?.groups ?? {})) };
}

const withoutEscapes = (source: string): string => source.replace(/\\(.)/g, '$1');

/**
 * Returns the pathnames that entry points of dynamic pages have: with basePath and, in apps with locales, one for each.
 */
export function dynamicPathnames(build: Build, locales: readonly string[]): ReadonlySet<string> {
  return new Set(
    dynamicPages(build).flatMap(({ page }) =>
      ['', ...locales.map((locale) => `/${locale}`)].map((locale) => `${build.basePath}${locale}${page}`),
    ),
  );
}
