import { describeIssue } from '@anchor/core/result/issue.ts';
import { manifestSchema, webOf } from '@anchor/core/artifact/manifest.ts';
import type { WebComponent } from '@anchor/protocol/artifact/web/component.ts';
import type { Prerender, StaticFile } from '@anchor/protocol/artifact/web/files.ts';
import type { RouteHas } from '@anchor/protocol/artifact/web/rules.ts';
import { dependsOnClientAddress } from './conditions.ts';
import { buildPathIndex } from './path-index.ts';

/** Beyond so many rules no edge decides: a request would wait for each of them. */
const MAX_RULES = 5_000;

/** All of a component but its files and pages, which are looked up one by one. */
export type SiteHead = Omit<WebComponent, 'files' | 'prerenders'> &
  Readonly<{
    notFoundFile: StaticFile | undefined;
    fallbackFile: StaticFile | undefined;
    /** Secrets that allow `x-prerender-revalidate`. */
    tokens: readonly string[];
    /**
     * Conditions under which its partially prerendered pages are not sent in two parts; undefined where it has none.
     */
    partialBypass: readonly (readonly RouteHas[])[] | undefined;
    pagesDependOnClientAddress: boolean;
    /** It has more routing rules than an edge tries: only the function decides. */
    undecided: boolean;
  }>;

/** A page's HTML, RSC payload, segments and data go stale together. */
export type Group = Readonly<{ name: string; tags: readonly string[] }>;

/** An artifact as the edge reads it. The buffers are PathIndexes: of files, pages, and of groups by their number. */
export type SiteIndex = Readonly<{ head: SiteHead; files: ArrayBuffer; pages: ArrayBuffer; groups: ArrayBuffer }>;

/**
 * Parses a manifest. Slow for a large one: do not call it in a thread that serves requests. Returns a string with the
 * reason when it is invalid.
 */
export function indexManifest(text: string): SiteIndex | string {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return 'The manifest is not valid JSON.';
  }
  const parsed = manifestSchema.safeParse(json);
  if (!parsed.success)
    return parsed.error.issues
      .slice(0, 3)
      .map((issue) => describeIssue(issue))
      .join('; ');
  const web = webOf(parsed.data);
  return web === undefined ? 'The manifest has no component "web".' : indexComponent(web);
}

function indexComponent({ files, prerenders, ...web }: WebComponent): SiteIndex {
  const pages = Object.values(prerenders);
  const rules = Object.values(web.routing ?? {}).reduce((sum, list) => sum + (list?.length ?? 0), 0);
  const undecided = rules > MAX_RULES;
  const head: SiteHead = {
    ...web,
    routing: undecided ? undefined : web.routing,
    notFoundFile: own(files, web.notFound),
    fallbackFile: own(files, web.fallback),
    tokens: [...new Set(pages.flatMap(({ bypassToken }) => (bypassToken === undefined ? [] : [bypassToken])))],
    partialBypass:
      web.function === undefined ? undefined : pages.find(({ postponed }) => postponed !== undefined)?.bypass,
    pagesDependOnClientAddress: pages.some(({ bypass }) => bypass.some((all) => all.some(dependsOnClientAddress))),
    undecided,
  };
  return {
    head,
    files: buildPathIndex(texts(files)),
    pages: buildPathIndex(texts(prerenders)),
    groups: buildPathIndex(groupsOf(prerenders, web.basePath === '/' ? '' : web.basePath)),
  };
}

const texts = (record: Readonly<Record<string, unknown>>): [string, string][] =>
  Object.entries(record).map(([path, value]) => [path, JSON.stringify(value)]);

/** Returns the groups. A group's name is its page's path, with the locale, without basePath. */
function groupsOf(prerenders: Readonly<Record<string, Prerender>>, base: string): [string, string][] {
  const groups = new Map<number, { name: string; tags: Set<string> }>();
  for (const [path, page] of Object.entries(prerenders)) {
    let group = groups.get(page.group);
    if (group === undefined) groups.set(page.group, (group = { name: path, tags: new Set() }));
    for (const tag of page.tags) group.tags.add(tag);
    if (!isPart(path, base)) group.name = path.startsWith(base) ? path.slice(base.length) || '/' : path;
  }
  return [...groups].map(([id, { name, tags }]) => [
    String(id),
    JSON.stringify({ name, tags: [...tags] } satisfies Group),
  ]);
}

const isPart = (path: string, base: string): boolean => path.endsWith('.rsc') || path.startsWith(`${base}/_next/data/`);

const own = <T>(record: Readonly<Record<string, T>>, key: string | undefined): T | undefined =>
  key !== undefined && Object.hasOwn(record, key) ? record[key] : undefined;
