import { z } from 'zod';
import type { StaticFile } from '@anchor/protocol/artifact/web/files.ts';
import { resolveInTree, type ResolvedEntry } from '../checkout/checkout-fs.ts';
import { inParallel, type ArtifactStore } from '../output/artifact-store.ts';
import { mediaType } from '../output/media-type.ts';
import { walkOutput } from '../output/walk.ts';
import type { BuildDescription } from './build-description.ts';

export type StaticOutput = Readonly<{
  files: Record<string, StaticFile>;
  /** Files on disk by their request path: for the image optimizer. */
  sources: ReadonlyMap<string, ResolvedEntry>;
}>;

const HTML = 'text/html; charset=utf-8';
/** Next's hashed folders, for builds that give no content hashes of their own (webpack). */
const HASHED = /\/_next\/static\/(?:chunks|css|media|image)\/(?:.*[-.~])?[0-9a-z_-]{8,}\.[a-z0-9]+(?:\.map)?$/i;

/** Packages `_next/static`, `public/`, and pages that are only files. */
export async function packageStaticFiles(
  root: string,
  prefix: string,
  project: string,
  build: BuildDescription,
  store: ArtifactStore,
): Promise<StaticOutput> {
  const sources = new Map<string, ResolvedEntry>();
  const immutable = new Set<string>();
  const types = new Map<string, string>();
  const errorPages = errorPagesOf(build);
  const hasHashes = build.staticFiles.some(({ immutableHash }) => immutableHash !== undefined);
  for (const { pathname, filePath, immutableHash } of build.staticFiles) {
    if (!build.exported && errorPages.has(pathname)) continue;
    const found = await resolveInTree(root, prefix + filePath);
    const isHtml = filePath.endsWith('.html');
    const url = isHtml ? pageUrl(pathname, build) : pathname;
    if (found?.kind !== 'file' || url.length > 4096) continue;
    sources.set(url, found);
    if (isHtml) types.set(url, HTML);
    if (immutableHash !== undefined || (!hasHashes && HASHED.test(url))) immutable.add(url);
  }
  if (!build.exported) {
    for (const { relative, found } of await walkOutput(root, project === '' ? 'public' : `${project}/public`)) {
      const url = `${build.config.basePath}/${relative}`;
      if (url.length <= 4096 && !sources.has(url)) sources.set(url, found);
    }
  }
  // Payloads of an exported page do not name their deployment, and Next's client checks it: without a match it reloads
  // every page.
  const { deploymentId } = build.config;
  const payload =
    build.exported && deploymentId !== undefined ? { headers: { 'x-nextjs-deployment-id': deploymentId } } : {};
  const files: Record<string, StaticFile> = {};
  const sorted = [...sources].sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [url] of sorted) Object.assign(files, { [url]: undefined }); // keeps their order whichever is stored first
  await inParallel(sorted, async ([url, found]) => {
    files[url] = await store.staticFile(found, url, {
      type: types.get(url) ?? mediaType(url),
      ...(immutable.has(url) ? { immutable: true } : {}),
      ...(url.endsWith('.txt') ? payload : {}),
    });
  });
  return { files, sources };
}

/** Returns Next's own error pages, in each language: never requested by their name. */
function errorPagesOf({ config: { basePath, i18n } }: BuildDescription): ReadonlySet<string> {
  const { locales = [] } = i18nSchema.safeParse(i18n).data ?? {};
  return new Set(
    ['', ...locales.map((locale) => `/${locale}`)].flatMap((locale) =>
      ['404', '500'].map((name) => `${basePath}${locale}/${name}`),
    ),
  );
}
const i18nSchema = z.object({ locales: z.array(z.string()).optional() });

/**
 * Returns the path under which a page that is only a file is requested. Next names it as it names its own files, "/" as
 * "/index".
 */
function pageUrl(pathname: string, { exported, config: { basePath } }: BuildDescription): string {
  if (exported) return `${pathname === '/' ? '/index' : pathname}.html`;
  const path = pathname.slice(basePath.length);
  if (path !== '/index' && !path.startsWith('/index/')) return pathname;
  return `${basePath}${path.slice('/index'.length)}` || '/';
}
