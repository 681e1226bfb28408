import { MAX_CHECKS, type Check } from '@anchor/protocol/artifact/web/checks.ts';
import type { Prerender } from '@anchor/protocol/artifact/web/files.ts';
import { mayMatch } from '../output/may-match.ts';
import type { BuildDescription } from './build-description.ts';

type Entry = BuildDescription['entries'][number];

/**
 * Pages alone: a GET of a route handler or an API route may have effects. Those of other kinds are checked by having
 * been rendered.
 */
const PAGES = new Set(['APP_PAGE', 'PAGES']);
/** The marker of an intercepting route, which no address leads to by itself. */
const MARKER = /^\(\.{1,3}\)/;
/** A page of the app that is called so is left out as well, which costs one check. */
const ERROR_PAGE = /\/(?:404|500|_error|_not-found|_global-error)$/;
const OPTIONAL = /\/\[\[\.{3}[^/]+\]\]$/;

/**
 * Returns the paths to request before a deployment goes live: one static route of each kind, and one path of each
 * dynamic route that the build rendered a path of. `prerendered` marks a path that may not be missing, which excludes
 * those that middleware matches. The start of an optional catch-all is a path of it that is always known.
 */
export function routeChecks(
  build: BuildDescription,
  prerenders: Readonly<Record<string, Prerender>>,
): readonly Check[] {
  const { basePath } = build.config;
  const reachable = ({ pathname }: Entry): boolean =>
    !pathname.startsWith(`${basePath}/_next/`) &&
    !pathname.split('/').some((segment) => MARKER.test(segment)) &&
    !ERROR_PAGE.test(pathname);
  const checks = new Map<string, Check>();
  const matchers = build.routing.middlewareMatchers.map(({ sourceRegex }) => sourceRegex);
  const add = (pathname: string, prerendered: boolean): void => {
    const path = encodeURI(pathname);
    // A proxy that routes by host, or hides a page from clients without a session, may respond with 404.
    const there = prerendered && !matchers.some((matcher) => mayMatch(matcher, path));
    if (/^\/[\x21-\x7e]*$/.test(path) && path.length <= 2048 && !checks.has(path))
      checks.set(path, there ? { path, prerendered: true } : { path });
  };

  const kinds = new Set<string>();
  for (const entry of bySimplicity(build.entries)) {
    if (entry.dynamic === true || entry.pathname.includes('[') || !reachable(entry) || isPayload(entry, build))
      continue;
    const made = prerenders[entry.pathname];
    if (!PAGES.has(entry.type) && made === undefined) continue;
    const kind = `${entry.type} ${entry.runtime} ${made === undefined ? 'rendered' : 'prerendered'}`;
    if (kinds.has(kind) || (made !== undefined && made.status >= 400)) continue;
    kinds.add(kind);
    add(entry.pathname, made !== undefined);
  }

  const samples = samplesByRoute(build, prerenders);
  const routes = new Set<string>();
  for (const entry of bySimplicity(build.entries)) {
    if (entry.dynamic !== true || routes.has(entry.filePath) || !reachable(entry) || !PAGES.has(entry.type)) continue;
    routes.add(entry.filePath);
    const sample = samples.get(entry.id);
    if (sample !== undefined) add(sample, true);
    else if (OPTIONAL.test(entry.pathname)) add(entry.pathname.replace(OPTIONAL, '') || '/', false);
  }
  return [...checks.values()].slice(0, MAX_CHECKS);
}

/** Sorts by length: the others of a kind are the same with more in their path, such as a locale. */
const bySimplicity = (entries: readonly Entry[]): readonly Entry[] =>
  entries.toSorted((a, b) => a.pathname.length - b.pathname.length || (a.pathname < b.pathname ? -1 : 1));

/** Returns whether Next lists an entry point again under the address of its payload. */
function isPayload({ filePath, pathname }: Entry, { entries }: BuildDescription): boolean {
  return entries.some(
    (other) => other.filePath === filePath && other.pathname !== pathname && pathname === `${other.pathname}.rsc`,
  );
}

/** Returns the shortest path of each dynamic route that the build rendered, by the id of the route's entry point. */
function samplesByRoute(
  build: BuildDescription,
  prerenders: Readonly<Record<string, Prerender>>,
): ReadonlyMap<string, string> {
  const samples = new Map<string, string>();
  for (const { pathname, parentOutputId } of build.prerenders) {
    const made = prerenders[pathname];
    if (
      parentOutputId === undefined ||
      made === undefined ||
      made.status >= 400 ||
      pathname.startsWith(`${build.config.basePath}/_next/`)
    )
      continue;
    const known = samples.get(parentOutputId);
    if (known === undefined || pathname.length < known.length) samples.set(parentOutputId, pathname);
  }
  return samples;
}
