import { prerenderSchema, type Prerender } from '@anchor/protocol/artifact/web/files.ts';
import type { RouteHas } from '@anchor/protocol/artifact/web/rules.ts';
import { resolveInTree } from '../checkout/checkout-fs.ts';
import { inParallel, type ArtifactStore } from '../output/artifact-store.ts';
import type { BuildDescription } from './build-description.ts';

type Output = BuildDescription['prerenders'][number];

const ERROR_PAGE = /^\/(?:404|500)$/;
/** Next's own way to pass tags on; never part of a response. */
const TAGS_HEADER = 'x-next-cache-tags';
const ALIEN_HEADERS = new Set(['content-length', 'transfer-encoding', 'connection', TAGS_HEADER]);
const bypassCondition = prerenderSchema.shape.bypass.element.element;

/**
 * Packages the responses that the build prerendered, for the edge to serve by itself, and shells of partially
 * prerendered pages with the state from which the function renders the rest. Left out, and so served by the function:
 * templates of dynamic routes, and responses that set cookies.
 */
export async function packagePrerenders(
  root: string,
  prefix: string,
  build: BuildDescription,
  store: ArtifactStore,
): Promise<Record<string, Prerender>> {
  const made: [string, Prerender][] = [];
  await inParallel(build.prerenders, async (output) => {
    const { pathname, fallback } = output;
    if (fallback?.filePath === undefined) return;
    // Next's own error pages, in each language: only the function gives them the right status when they are requested
    // by name.
    if (
      output.parentOutputId !== undefined &&
      ERROR_PAGE.test(output.parentOutputId) &&
      !pathname.startsWith(`${build.config.basePath}/_next/data/`)
    )
      return;
    if (output.template === true || pathname.length > 4096) return;
    const headers = plainHeaders(fallback.initialHeaders ?? {});
    const found = await resolveInTree(root, prefix + fallback.filePath);
    if (headers === undefined || found?.kind !== 'file') return;
    const type = headers['content-type'] ?? 'text/html; charset=utf-8';
    made.push([
      pathname,
      {
        ...(await store.body(found, pathname, type)),
        ...describe(output, { ...headers, 'content-type': type }),
        ...(await partial(fallback.postponedState, store)),
      },
    ]);
  });
  return Object.fromEntries(made.sort(([a], [b]) => (a < b ? -1 : 1)));
}

async function partial(
  state: string | null | undefined,
  store: ArtifactStore,
): Promise<Pick<Prerender, 'partial' | 'postponed'>> {
  return state === undefined || state === null
    ? {}
    : { partial: true, postponed: await store.bytes(new TextEncoder().encode(state)) };
}

function describe(
  { fallback, groupId, config }: Output,
  headers: Record<string, string>,
): Omit<Prerender, 'blob' | 'size'> {
  const tags = fallback?.initialHeaders?.[TAGS_HEADER];
  const revalidate = fallback?.initialRevalidate;
  const expire = fallback?.initialExpiration;
  return {
    status: fallback?.initialStatus ?? 200,
    headers,
    revalidate: typeof revalidate === 'number' ? Math.max(1, Math.round(revalidate)) : false,
    ...(typeof expire === 'number' && expire > 0 ? { expire: Math.max(1, Math.round(expire)) } : {}),
    tags: typeof tags === 'string' ? tags.split(',') : [],
    group: groupId,
    bypass: (config.bypassFor ?? []).map((condition) => [bypassCondition.parse(condition) as RouteHas]),
    ...(config.bypassToken === undefined ? {} : { bypassToken: config.bypassToken }),
  };
}

/** Returns headers with lower-case names, one value each; undefined when there is a cookie among them. */
function plainHeaders(
  headers: Readonly<Record<string, string | readonly string[]>>,
): Record<string, string> | undefined {
  const plain: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    const lower = name.toLowerCase();
    if (lower === 'set-cookie') return undefined;
    if (!ALIEN_HEADERS.has(lower)) plain[lower] = typeof value === 'string' ? value : value.join(', ');
  }
  return plain;
}
