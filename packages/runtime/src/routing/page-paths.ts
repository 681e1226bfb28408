import type { Locales } from './locale.ts';

/** Converts between the paths of pages, of their data, and with and without a locale. All paths include basePath. */
export class PagePaths {
  readonly #basePath: string;
  readonly #dataPrefix: string;
  readonly #locales: Locales | undefined;

  constructor(basePath: string, buildId: string, locales: Locales | undefined) {
    this.#basePath = basePath;
    this.#dataPrefix = `${basePath}/_next/data/${buildId}/`;
    this.#locales = locales;
  }

  /** Returns the page whose data is at this path, or undefined for any other path. */
  pageOfData(pathname: string): string | undefined {
    if (!pathname.startsWith(this.#dataPrefix) || !pathname.endsWith('.json')) return undefined;
    const page = pathname.slice(this.#dataPrefix.length - 1, -'.json'.length);
    if (page !== '/index') return this.#basePath + page;
    return this.#basePath === '' ? '/' : this.#basePath;
  }

  isData(pathname: string): boolean {
    return pathname.startsWith(`${this.#basePath}/_next/data/`);
  }

  isInside(pathname: string): boolean {
    return this.#basePath === '' || pathname === this.#basePath || pathname.startsWith(`${this.#basePath}/`);
  }

  withoutBasePath(pathname: string): string {
    return (this.isInside(pathname) ? pathname.slice(this.#basePath.length) : pathname) || '/';
  }

  localeOf(pathname: string): string | undefined {
    return this.#locales?.split(this.withoutBasePath(pathname)).locale;
  }

  /** Adds the locale, as rules and outputs expect it, except to Next's own paths. */
  withLocale(pathname: string, locale: string | undefined): string {
    const parts = this.#locales?.split(this.withoutBasePath(pathname));
    if (parts === undefined || locale === undefined || parts.locale !== undefined) return pathname;
    if (parts.rest.startsWith('/_next/')) return pathname;
    return `${this.#prefixOf(pathname)}/${locale}${restOf(parts.rest, pathname)}`;
  }

  /** Removes the default locale, as internal rules expect it. */
  withoutDefaultLocale(pathname: string, defaultLocale: string | undefined): string {
    const parts = this.#locales?.split(this.withoutBasePath(pathname));
    if (parts?.locale === undefined || parts.locale !== defaultLocale) return pathname;
    return this.#prefixOf(pathname) + restOf(parts.rest, pathname) || '/';
  }

  #prefixOf(pathname: string): string {
    return this.isInside(pathname) ? this.#basePath : '';
  }
}

const restOf = (rest: string, pathname: string): string => (rest === '/' && !pathname.endsWith('/') ? '' : rest);
