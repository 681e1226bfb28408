import { z } from 'zod';
import { prerenderSchema, type Prerender } from '@anchor/core/artifact/manifest.ts';
import { findInside, readJsonInside } from '../run/inside.ts';
import type { ArtifactStore } from './artifact-store.ts';

/** `prerender-manifest.json`, as far as it is the same from 13.5 on. */
const prerendersSchema = z.object({
  routes: z.record(z.string(), z.object({ initialRevalidateSeconds: z.union([z.literal(false), z.number()]), dataRoute: z.string().nullish(), experimentalPPR: z.boolean().optional(), initialStatus: z.number().optional() })),
  preview: z.object({ previewModeId: z.string() }),
});
const metaSchema = z.object({ status: z.int().min(100).max(599).optional(), headers: prerenderSchema.shape.headers.optional(), postponed: z.string().nullish() });

const TAGS = 'x-next-cache-tags';
const HTML = 'text/html; charset=utf-8';
/** What differs between answers of one path of the App Router. */
const VARY = 'RSC, Next-Router-State-Tree, Next-Router-Prefetch, Next-Router-Segment-Prefetch';
/** Names that are spelled the same in the manifest, on disk and in a decoded request. */
const PLAIN_PATH = /^\/[\w\-./~@+,=]*$/;
const ERROR_PAGE = /^\/(?:_?error|404|500|_not-found|_app|_document)$/;

export type StandalonePages = Readonly<{ root: string; dist: string; basePath: string; buildId: string }>;
type Make = Readonly<{ url: string; path: string; type: string; group: number; tags: readonly string[]; headers?: Readonly<Record<string, string>>; status?: number }>;

/**
 * The pages that the edge can answer until they are invalidated: prerendered, without a time after which they are made
 * anew (those are the server's, which makes them), and complete. Those of the Pages Router have no
 * tags: packages/runtime/src/server-next-cache.ts tells the edge when it replaces one.
 */
export async function standalonePages({ root, dist, basePath, buildId }: StandalonePages, store: ArtifactStore): Promise<Record<string, Prerender>> {
  const manifest = prerendersSchema.safeParse(await readJsonInside(root, `${dist}/prerender-manifest.json`));
  if (!manifest.success) return {};
  const { routes, preview } = manifest.data;
  const pages: [string, Prerender][] = [];
  let groups = 0;

  const add = async ({ url, path, type, group, tags, headers = {}, status = 200 }: Make): Promise<void> => {
    const found = await findInside(root, path);
    if (found?.kind !== 'file' || url.length > 4096) return;
    const { [TAGS]: _tags, ...kept } = headers;
    pages.push([url, { ...(await store.body(found, url, type)), status, headers: { 'x-nextjs-cache': 'HIT', ...kept, 'content-type': type }, revalidate: false, tags: [...tags], group, bypass: [], bypassToken: preview.previewModeId }]);
  };

  for (const [route, { initialRevalidateSeconds, dataRoute, experimentalPPR }] of Object.entries(routes)) {
    if (initialRevalidateSeconds !== false || experimentalPPR === true || !PLAIN_PATH.test(route) || ERROR_PAGE.test(route)) continue;
    const file = route === '/' ? '/index' : route;
    const url = route === '/' ? (basePath === '' ? '/' : basePath) : basePath + route;
    const group = ++groups;
    if (dataRoute?.endsWith('.json') === true) {
      await add({ url, path: `${dist}/server/pages${file}.html`, type: HTML, group, tags: [] });
      await add({ url: `${basePath}/_next/data/${buildId}${file}.json`, path: `${dist}/server/pages${file}.json`, type: 'application/json', group, tags: [] });
      continue;
    }
    const meta = metaSchema.safeParse(await readJsonInside(root, `${dist}/server/app${file}.meta`));
    const headers = meta.success ? Object.fromEntries(Object.entries(meta.data.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value])) : {};
    const tags = headers[TAGS]?.split(',');
    if (!meta.success || tags === undefined || 'set-cookie' in headers || (meta.data.postponed ?? undefined) !== undefined) continue;
    const status = meta.data.status ?? 200;
    if (status >= 300 && status < 400) continue;
    const common = { group, tags, status };
    if (dataRoute === null || dataRoute === undefined) {
      await add({ ...common, url, path: `${dist}/server/app${file}.body`, type: headers['content-type'] ?? 'application/octet-stream', headers });
      continue;
    }
    const varied = { vary: VARY, ...headers };
    await add({ ...common, url, path: `${dist}/server/app${file}.html`, type: HTML, headers: varied });
    await add({ ...common, url: `${url === '/' ? '/index' : url}.rsc`, path: `${dist}/server/app${file}.rsc`, type: 'text/x-component', headers: varied });
  }
  for (const [route, file] of Object.entries(await automatic(root, dist))) {
    if (routes[route] !== undefined || ERROR_PAGE.test(route) || !PLAIN_PATH.test(route)) continue;
    await add({ url: route === '/' ? (basePath === '' ? '/' : basePath) : basePath + route, path: `${dist}/server/${file}`, type: HTML, group: ++groups, tags: [] });
  }
  return Object.fromEntries(pages.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Pages of the Pages Router without data of their own: nothing ever makes them anew. */
async function automatic(root: string, dist: string): Promise<Readonly<Record<string, string>>> {
  const manifest = z.record(z.string(), z.string()).safeParse(await readJsonInside(root, `${dist}/server/pages-manifest.json`));
  return manifest.success ? Object.fromEntries(Object.entries(manifest.data).filter(([route, file]) => file.endsWith('.html') && !route.includes('['))) : {};
}
