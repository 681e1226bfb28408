import type { DeploymentId } from '@anchor/core/names/id.ts';
import type { Asset, Part } from '../static/asset.ts';
import type { CachedPage, PageCache } from '../cache/page-cache.ts';
import type { PageMetadata } from '../util/page-metadata.ts';
import type { Problem } from '../error-pages/error-page.ts';
import type { EvaluationBudgets } from '../routing/evaluation-budgets.ts';
import type { Headers } from '../http/headers.ts';
import type { RoutedRequest } from '../routing/routed-request.ts';
import type { Sites } from '../routing/sites.ts';
import type { TagInvalidationLog } from '../cache/tag-invalidations.ts';

/** The result of resolving a request. */
export type Resolution =
  /** A file or cached page, with the headers of routing rules. */
  | Readonly<{ kind: 'asset'; asset: Asset; basis: Basis }>
  /** A prerendered shell; the function renders the rest. */
  | Readonly<{ kind: 'partial'; shell: Asset; postponed: Part }>
  | Readonly<{ kind: 'redirect'; status: number; location: string; headers: Headers }>
  | Readonly<{ kind: 'function' }>
  | Readonly<{ kind: 'problem'; problem: Problem; headers: readonly string[] }>
  /** Something must be read first. Rare: everything else resolves synchronously. */
  | Readonly<{ kind: 'pending'; choice: Promise<Resolution> }>;

/**
 * The dependencies of a resolved asset, beside the request: the site alone (`site`), a stored page while it is current
 * and fresh, or more than that (`uncacheable`).
 */
export type Basis = 'site' | 'uncacheable' | StoredPage;

/**
 * Identifies a stored page without referencing it, so holders do not keep evicted pages alive. `version`: of a cached
 * page; undefined for a page of the build.
 */
export type StoredPage = Readonly<{ key: string; version: number | undefined }>;

export type ResolveDeps = Readonly<{
  sites: Sites;
  tags: TagInvalidationLog;
  pageCache: PageCache;
  efforts: EvaluationBudgets;
  now(): number;
  /** Reports that a request exhausted the project's time for rules. Returns immediately; repeated calls are cheap. */
  rulesTimedOut(routed: RoutedRequest): void;
  /** Starts a background revalidation. Returns immediately; concurrent calls for the same page are coalesced. */
  revalidate(routed: RoutedRequest, metadata: PageMetadata, shell: boolean): void;
  /** Queues a page for compression. Returns immediately; repeated calls are cheap. */
  compress(deploymentId: DeploymentId, key: string, page: CachedPage): void;
}>;
