/** What of the build answers a path: entry points by their name or as dynamic routes, files of the edge, the image optimizer. */
import type { Description, Entry } from './next-description.ts';
import type { Locales } from './next-locale.ts';
import { compileRules, decode, fill, matchRule, type Asked, type Captures, type Query, type Rule } from './next-rules.ts';

export type Output =
  | Readonly<{ kind: 'image' }>
  | Readonly<{ kind: 'file'; pathname: string }>
  /** `params`: what a dynamic route took from the path, under the names that entry points expect. */
  | Readonly<{ kind: 'entry'; entry: Entry; params: Query }>;

/** A path with basePath and, where the app has locales, with one. */
export type Sought = Readonly<{ pathname: string; /** The visitor named the locale. */ named: boolean; data: boolean }>;

export type Outputs = Readonly<{
  byName(sought: Sought): Output | undefined;
  byPattern(sought: Sought, asked: Asked): Output | undefined;
  byPathname(pathname: string): Entry | undefined;
}>;

type Dynamic = Readonly<{ rule: Rule; template: string; names: readonly (readonly [group: string, repeats: boolean])[] }>;

export function createOutputs({ config, entries: described, served, staticPaths = [], routing }: Description, locales: Locales | undefined): Outputs {
  const { basePath } = config;
  const entries = new Map<string, Entry>();
  for (const entry of described) if (!entry.pathname.startsWith(`${basePath}/_next/data/`)) entries.set(entry.pathname, entry);
  const withData = new Set(described.filter(({ type, prerendered, pathname }) => type === 'PAGES' && (prerendered === true || pathname.startsWith(`${basePath}/_next/data/`))).map(({ filePath }) => filePath));
  const files = new Set(served);
  const built = new Set(staticPaths);
  const image = typeof config.images?.['path'] === 'string' ? config.images['path'].replace(/\/$/, '') : `${basePath}/_next/image`;
  const dynamic = compileRules(routing['dynamicRoutes']).flatMap((rule) => dynamicOf(rule) ?? []);

  /** Entry points of `app/` and `pages/api` have no locale in their names. */
  const entryOf = (pathname: string, named: boolean): Entry | undefined => {
    const exact = entries.get(pathname);
    if (exact !== undefined || locales === undefined) return exact;
    const plain = entries.get(withoutLocale(pathname));
    return named && plain !== undefined && plain.type !== 'PAGES' ? undefined : plain;
  };
  const withoutLocale = (pathname: string): string => {
    const { rest } = locales?.split(pathname.slice(basePath.length) || '/') ?? { rest: pathname };
    return `${basePath}${rest === '/' && basePath !== '' ? '' : rest}`;
  };
  const fileOf = (pathname: string): string | undefined => {
    if (files.has(pathname)) return pathname;
    const { locale } = locales?.split(pathname.slice(basePath.length) || '/') ?? {};
    if (locale === undefined || locales?.defaults.has(locale) !== true) return undefined;
    const plain = withoutLocale(pathname);
    return files.has(plain) ? plain : undefined;
  };
  const allowed = (entry: Entry | undefined, data: boolean): Entry | undefined => (entry === undefined || (data && !withData.has(entry.filePath)) ? undefined : entry);

  return {
    byPathname: (pathname) => entries.get(pathname),
    byName({ pathname, named, data }) {
      if (basePath !== '' && pathname !== basePath && !pathname.startsWith(`${basePath}/`)) return undefined;
      const path = pathname.length > 1 ? pathname.replace(/\/$/, '') : pathname;
      if (path === image) return { kind: 'image' };
      // The edge has them all, and asks for one here only when middleware or a rewrite may come before it.
      if (!data && path.startsWith(`${basePath}/_next/static/`)) return { kind: 'file', pathname: decode(path) };
      for (const form of new Set([path, decode(path)])) {
        const file = data ? undefined : fileOf(form);
        if (file !== undefined) return { kind: 'file', pathname: file };
        const entry = allowed(entryOf(form, named), data);
        if (entry !== undefined) return { kind: 'entry', entry, params: {} };
      }
      return undefined;
    },
    byPattern({ pathname, named, data }, asked) {
      const known = built.size > 0 && built.has(decode(pathname.length > 1 ? pathname.replace(/\/$/, '') : pathname));
      for (const { rule, template, names } of dynamic) {
        const captures = matchRule(known ? { ...rule, has: [], missing: [] } : rule, pathname, asked);
        const entry = captures === undefined ? undefined : allowed(entryOf(fill(template, captures), named), data);
        if (captures !== undefined && entry !== undefined) return { kind: 'entry', entry, params: paramsOf(captures, names) };
      }
      return undefined;
    },
  };
}

/** Rules for data and for the parts of a page are left out: a request says by headers or address that it wants those. */
function dynamicOf(rule: Rule): Dynamic[] | undefined {
  const { destination, pattern, source } = rule;
  if (destination === undefined || pattern.source.includes('_next\\/data') || pattern.source.includes('_next/data') || source.endsWith('.rsc') || destination.includes('.segment')) return undefined;
  const [path = '', query = ''] = destination.split('?', 2);
  // One rule may serve a page and the parts of it: what was matched for the part comes last in the path.
  const template = path.replace(/\$\d+$/, '');
  const names = [...new URLSearchParams(query).keys()].map((group) => {
    const name = group.replace(/^nxt[PI]/, '');
    return [group, path.includes(`[...${name}]`)] as const;
  });
  return [{ rule, template, names }];
}

function paramsOf(captures: Captures, names: Dynamic['names']): Query {
  const params: Query = {};
  for (const [group, repeats] of names) {
    const value = captures.get(group);
    if (value !== undefined && value !== '') params[group] = repeats ? value.split('/') : value;
  }
  return params;
}
