import { z } from 'zod';
import { prerenderSchema, type Prerender } from '@anchor/protocol/artifact/web/files.ts';
import { resolveInTree, readJsonInTree } from '../checkout/checkout-fs.ts';
import type { ArtifactStore } from './artifact-store.ts';

/** `prerender-manifest.json`, as far as it is the same from 13.5 on. */
const prerendersSchema = z.object({
  routes: z.record(
    z.string(),
    z.object({
      initialRevalidateSeconds: z.union([z.literal(false), z.number()]),
      dataRoute: z.string().nullish(),
      experimentalPPR: z.boolean().optional(),
      initialStatus: z.number().optional(),
    }),
  ),
  preview: z.object({ previewModeId: z.string() }),
});
const metaSchema = z.object({
  status: z.int().min(100).max(599).optional(),
  headers: prerenderSchema.shape.headers.optional(),
  postponed: z.string().nullish(),
});

const dynamicSchema = z.object({ dynamicRoutes: z.array(z.object({ page: z.string() })) });

const TAGS = 'x-next-cache-tags';
const HTML = 'text/html; charset=utf-8';
/** Request headers that App Router responses of one path vary by. */
const VARY = 'RSC, Next-Router-State-Tree, Next-Router-Prefetch, Next-Router-Segment-Prefetch';
/** Names that are spelled the same in the manifest, on disk and in a decoded request. */
const PLAIN_PATH = /^\/[\w\-./~@+,=]*$/;
const ERROR_PAGE = /^\/(?:_?error|404|500|_not-found|_app|_document)$/;

export type StandalonePages = Readonly<{ root: string; dist: string; basePath: string; buildId: string }>;
type PageSource = Readonly<{
  url: string;
  /** The file of its body. */
  path: string;
  type: string;
  group: number;
  tags: readonly string[];
  headers?: Readonly<Record<string, string>>;
  status?: number;
}>;
type Route = z.infer<typeof prerendersSchema>['routes'][string];

/**
 * Returns the pages that the edge can serve until they are invalidated: prerendered, without a lifetime (the server
 * revalidates those), and complete. Those of the Pages Router have no tags:
 * packages/runtime/src/next-legacy/incremental-cache.ts notifies the edge when it replaces one.
 */
export async function standalonePages(
  build: StandalonePages,
  store: ArtifactStore,
): Promise<Record<string, Prerender>> {
  const { root, dist } = build;
  const manifest = prerendersSchema.safeParse(await readJsonInTree(root, `${dist}/prerender-manifest.json`));
  if (!manifest.success) return {};
  const { routes, preview } = manifest.data;
  const pages = new PrerenderedPages(build, store, preview.previewModeId);
  for (const [route, entry] of Object.entries(routes))
    if (entry.initialRevalidateSeconds === false && entry.experimentalPPR !== true && isServed(route))
      await pages.addRoute(route, entry);
  for (const [route, file] of Object.entries(await automatic(root, dist)))
    if (routes[route] === undefined && isServed(route)) await pages.addStatic(route, file);
  return pages.sorted();
}

const isServed = (route: string): boolean => PLAIN_PATH.test(route) && !ERROR_PAGE.test(route);

/**
 * Collects pages with their bodies in the store. Each route is a group: its HTML and its data are replaced together.
 */
class PrerenderedPages {
  readonly #build: StandalonePages;
  readonly #store: ArtifactStore;
  readonly #bypassToken: string;
  readonly #pages: [string, Prerender][] = [];
  #groups = 0;

  constructor(build: StandalonePages, store: ArtifactStore, bypassToken: string) {
    this.#build = build;
    this.#store = store;
    this.#bypassToken = bypassToken;
  }

  sorted(): Record<string, Prerender> {
    return Object.fromEntries(this.#pages.sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  async addRoute(route: string, { dataRoute }: Route): Promise<void> {
    const group = ++this.#groups;
    if (dataRoute?.startsWith(`/_next/data/${this.#build.buildId}/`) === true) await this.#addPagesRoute(route, group);
    else await this.#addAppRoute(route, group, typeof dataRoute === 'string');
  }

  addStatic(route: string, file: string): Promise<void> {
    const path = `${this.#build.dist}/server/${file}`;
    return this.#add({ url: this.#urlOf(route), path, type: HTML, group: ++this.#groups, tags: [] });
  }

  async #addPagesRoute(route: string, group: number): Promise<void> {
    const { basePath, buildId } = this.#build;
    const stem = `${this.#build.dist}/server/pages${fileOf(route)}`;
    await this.#add({ url: this.#urlOf(route), path: `${stem}.html`, type: HTML, group, tags: [] });
    const data = `${basePath}/_next/data/${buildId}${fileOf(route)}.json`;
    await this.#add({ url: data, path: `${stem}.json`, type: 'application/json', group, tags: [] });
  }

  async #addAppRoute(route: string, group: number, isPage: boolean): Promise<void> {
    const stem = `${this.#build.dist}/server/app${fileOf(route)}`;
    const meta = metaSchema.safeParse(await readJsonInTree(this.#build.root, `${stem}.meta`));
    if (!meta.success || (meta.data.postponed ?? undefined) !== undefined) return;
    const { status = 200 } = meta.data;
    const headers = Object.fromEntries(
      Object.entries(meta.data.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]),
    );
    const tags = headers[TAGS]?.split(',');
    if (tags === undefined || 'set-cookie' in headers || (status >= 300 && status < 400)) return;
    const url = this.#urlOf(route);
    const common = { group, tags, status };
    if (!isPage) {
      const type = headers['content-type'] ?? 'application/octet-stream';
      return this.#add({ ...common, url, path: `${stem}.body`, type, headers });
    }
    const varied = { ...common, headers: { vary: VARY, ...headers } };
    await this.#add({ ...varied, url, path: `${stem}.html`, type: HTML });
    const payload = `${url === '/' ? '/index' : url}.rsc`;
    await this.#add({ ...varied, url: payload, path: `${stem}.rsc`, type: 'text/x-component' });
  }

  async #add({ url, path, type, group, tags, headers = {}, status = 200 }: PageSource): Promise<void> {
    const found = await resolveInTree(this.#build.root, path);
    if (found?.kind !== 'file' || url.length > 4096) return;
    const { [TAGS]: _tags, ...visible } = headers;
    const page: Prerender = {
      ...(await this.#store.body(found, url, type)),
      status,
      headers: { 'x-nextjs-cache': 'HIT', ...visible, 'content-type': type },
      revalidate: false,
      tags: [...tags],
      group,
      bypass: [],
      bypassToken: this.#bypassToken,
    };
    this.#pages.push([url, page]);
  }

  #urlOf(route: string): string {
    const { basePath } = this.#build;
    return route === '/' ? basePath || '/' : basePath + route;
  }
}

/** Next names the file of `/` `index`. */
const fileOf = (route: string): string => (route === '/' ? '/index' : route);

/** Returns the pages of the Pages Router without data of their own: they are never regenerated. */
async function automatic(root: string, dist: string): Promise<Readonly<Record<string, string>>> {
  const manifest = z
    .record(z.string(), z.string())
    .safeParse(await readJsonInTree(root, `${dist}/server/pages-manifest.json`));
  const routes = dynamicSchema.safeParse(await readJsonInTree(root, `${dist}/routes-manifest.json`));
  if (!manifest.success || !routes.success) return {};
  const dynamic = new Set(routes.data.dynamicRoutes.map(({ page }) => page));
  return Object.fromEntries(
    Object.entries(manifest.data).filter(([route, file]) => file.endsWith('.html') && !dynamic.has(route)),
  );
}
