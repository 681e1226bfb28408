/** Locales of the Pages Router: selects one by path, domain or the client's language. */
import type { IncomingHttpHeaders } from 'node:http';
import { isRecord } from '../process/environment.ts';
import { readCookie } from '@anchor/protocol/route-rules.ts';

type Domain = Readonly<{ domain: string; defaultLocale: string; locales: readonly string[]; http: boolean }>;
export type Locales = Readonly<{
  /** Returns the locale at the start of a path without basePath, and the rest of the path. */
  split(path: string): Readonly<{ locale: string | undefined; rest: string }>;
  defaultFor(host: string): string;
  /** Locales whose paths may do without them: files are found under these. */
  readonly defaults: ReadonlySet<string>;
  /**
   * Returns whether a path without a locale depends on the client: on the domain, or on the home page on the visitor's
   * language.
   */
  varies(path: string): boolean;
  /** Returns where a visitor of the home page belongs; undefined when it is here. `path` is without basePath. */
  redirect(path: string, search: string, host: string, headers: IncomingHttpHeaders): string | undefined;
}>;

/** Returns undefined for an app without i18n. */
export function createLocales({
  basePath,
  trailingSlash,
  i18n,
}: Readonly<{ basePath: string; trailingSlash: boolean; i18n?: unknown }>): Locales | undefined {
  if (!isRecord(i18n) || typeof i18n['defaultLocale'] !== 'string') return undefined;
  const { defaultLocale } = i18n;
  const locales = strings(i18n['locales']);
  const domains: Domain[] = (Array.isArray(i18n['domains']) ? i18n['domains'] : []).filter(isRecord).map((item) => ({
    domain: String(item['domain']),
    defaultLocale: String(item['defaultLocale']),
    locales: strings(item['locales']),
    http: item['http'] === true,
  }));
  const named = new Map(locales.map((locale) => [locale.toLowerCase(), locale]));
  const domainOf = (host: string): Domain | undefined =>
    domains.find(({ domain }) => domain.split(':', 1)[0]?.toLowerCase() === host);
  const domainFor = (locale: string): Domain | undefined =>
    domains.find(({ defaultLocale, locales }) =>
      [defaultLocale, ...locales].some((one) => one.toLowerCase() === locale.toLowerCase()),
    );

  const isHome = (path: string): boolean => i18n['localeDetection'] !== false && (path === '/' || path === '/index');
  const split: Locales['split'] = (path) => {
    const locale = named.get((path.split('/', 2)[1] ?? '').toLowerCase());
    return locale === undefined ? { locale, rest: path } : { locale, rest: path.slice(locale.length + 1) || '/' };
  };
  return {
    split,
    defaultFor: (host) => domainOf(host)?.defaultLocale ?? defaultLocale,
    defaults: new Set([defaultLocale, ...domains.map((item) => item.defaultLocale)]),
    varies: (path) => split(path).locale === undefined && (domains.length > 0 || isHome(path)),
    redirect(path, search, host, headers) {
      if (!isHome(path)) return undefined;
      const here = domainOf(host);
      const preferred = preferredLocale(headers['accept-language'], locales);
      const there = preferred === undefined ? undefined : domainFor(preferred);
      if (
        here !== undefined &&
        there !== undefined &&
        preferred !== undefined &&
        (there.domain !== here.domain || there.defaultLocale !== preferred)
      ) {
        return `http${there.http ? '' : 's'}://${there.domain}/${there.defaultLocale === preferred ? '' : preferred}`;
      }
      const chosen =
        here?.defaultLocale ??
        named.get((readCookie(headers.cookie, 'NEXT_LOCALE') ?? '').toLowerCase()) ??
        preferred ??
        defaultLocale;
      if (chosen === (here?.defaultLocale ?? defaultLocale)) return undefined;
      return `${basePath}/${chosen}${trailingSlash ? '/' : ''}${search}`;
    },
  };
}

/** Returns the first of the header's languages, best first, that is a locale of the app or a prefix of one. */
function preferredLocale(header: string | undefined, locales: readonly string[]): string | undefined {
  if (header === undefined) return undefined;
  const known = new Map<string, { locale: string; rank: number }>();
  for (const locale of locales) {
    const parts = locale.toLowerCase().split('-');
    for (let length = parts.length; length > 0; length--) {
      const name = parts.slice(0, length).join('-');
      if (length === parts.length || !known.has(name)) known.set(name, { locale, rank: known.size });
    }
  }
  const preferences = header
    .replace(/[ \t]/g, '')
    .split(',')
    .filter((part) => part !== '')
    .map((part, position) => {
      const [name = '', quality] = part.toLowerCase().split(';');
      const weight = quality === undefined ? 1 : Number(/^q=([\d.]+)$/.exec(quality)?.[1] ?? Number.NaN);
      return { name, weight, position, rank: known.get(name)?.rank ?? Infinity };
    });
  // Not a header of this kind
  if (preferences.some(({ name, weight }) => name === '' || Number.isNaN(weight))) return undefined;
  const names = new Set(preferences.map(({ name }) => name));
  preferences.sort(
    (a, b) => b.weight - a.weight || (a.rank === b.rank ? 0 : a.rank - b.rank) || a.position - b.position,
  );
  for (const { name, weight } of preferences) {
    if (weight === 0) continue;
    if (name === '*') return [...known].find(([other]) => !names.has(other))?.[1].locale;
    const found = known.get(name);
    if (found !== undefined) return found.locale;
  }
  return undefined;
}

const strings = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
