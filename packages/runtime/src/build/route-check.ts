/** Checks while the app is built that our own tables know every page that Next lists: an unknown one would be 404. */
import { isErrorPage, type Description } from '../routing/description.ts';
import { dynamicPages, type DynamicPage } from '../routing/dynamic-routes.ts';
import { createLocales } from '../routing/locale.ts';
import { Outputs } from '../routing/outputs.ts';

const SAMPLE = 'anchor-sample';
/** The marker of an intercepting route, which no address leads to by itself. */
const MARKER = /^\(\.{1,3}\)/;

/**
 * Returns the routes that a request would not reach. A segment that is not ASCII, or holds brackets, Next itself does
 * not match everywhere.
 */
export function unreachableRoutes(description: Description): readonly string[] {
  const { config, routing, buildId, entries, staticPaths = [] } = description;
  const { basePath } = config;
  const locales = createLocales(config);
  const outputs = new Outputs(description, locales);
  const facts = { query: {}, headers: {}, host: 'localhost' };
  const reached = (pathname: string): boolean => {
    const sought = { pathname, named: false, data: false };
    return outputs.byName(sought) !== undefined || outputs.byPattern(sought, facts) !== undefined;
  };
  const plain = (page: string): boolean =>
    /^[\x21-\x7e]*$/.test(page) && !page.includes('%') && !page.split('/').some((segment) => MARKER.test(segment));

  const missing: string[] = [];
  for (const entry of entries) {
    const page = entry.pathname.slice(basePath.length);
    if (
      entry.dynamic === true ||
      page.includes('[') ||
      !plain(page) ||
      page.startsWith('/_next/') ||
      isErrorPage(config, entry)
    )
      continue;
    if (!reached(entry.pathname)) missing.push(entry.pathname);
  }
  const locale = locales === undefined ? '' : `/${[...locales.defaults][0] ?? ''}`;
  for (const page of dynamicPages({ routing, basePath, buildId })) {
    const closed = Array.isArray(page.rule['has']) || Array.isArray(page.rule['missing']);
    if (!plain(page.page) || closed || !entries.some(({ pathname }) => pathname === `${basePath}${page.page}`))
      continue;
    if (!reached(`${basePath}${page.localized ? locale : ''}${samplePath(page)}`))
      missing.push(`${basePath}${page.page}`);
  }
  for (const path of staticPaths) if (plain(path) && !reached(path)) missing.push(path);
  return missing;
}

const samplePath = ({ page }: DynamicPage): string =>
  page
    .split('/')
    .map((segment) => (/^\[.*\]$/.test(segment) ? SAMPLE : segment))
    .join('/');
