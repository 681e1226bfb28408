import type { DeploymentId } from '@anchor/core/names/id.ts';
import type { Asset, Part } from '../static/asset.ts';
import { touch, shouldTrackRecency } from '../util/lru-cache.ts';
import type { PageMetadata } from '../util/page-metadata.ts';
import { CaptureBuffers } from './capture-buffers.ts';

/** A function's response that the edge serves itself while it may. */
export type CachedPage = Readonly<{
  metadata: PageMetadata;
  fresh: Asset;
  stale: Asset;
  bytes: number;
  /** Unique across all entries ever cached. */
  version: number;
  /** Where the render of a partially prerendered page resumes. The assets are its shell. */
  postponed?: Part;
}>;

/** A page before it is cached. */
type NewPage = Omit<CachedPage, 'bytes' | 'version'>;

/** Holds one deployment's part of the cache: pages by cache key (see prerenderKey), and the version of each group. */
export class DeploymentPartition {
  readonly pages = new Map<string, CachedPage>();
  readonly #groups = new Map<string, { at: number; keys: Set<string> }>();
  bytes = 0;

  get(key: string): CachedPage | undefined {
    return this.pages.get(key);
  }

  /** Returns when the newest version of the group was rendered; 0 for none. */
  newestVersionAt(group: string): number {
    return this.#groups.get(group)?.at ?? 0;
  }

  /** Stores a page. False for an older version than the current one; a newer one evicts all others of its group. */
  set(key: string, page: CachedPage): boolean {
    const { group: name, at } = page.metadata;
    const group = this.#groups.get(name);
    if (group !== undefined && at < group.at) return false;
    if (group !== undefined && at > group.at) for (const other of group.keys) this.delete(other);
    this.delete(key);
    const current = this.#groups.get(name) ?? { at, keys: new Set<string>() };
    current.keys.add(key);
    this.#groups.set(name, current);
    this.pages.set(key, page);
    this.bytes += page.bytes;
    return true;
  }

  delete(key: string): void {
    const page = this.pages.get(key);
    if (page === undefined) return;
    this.pages.delete(key);
    this.bytes -= page.bytes;
    const group = this.#groups.get(page.metadata.group);
    group?.keys.delete(key);
    if (group?.keys.size === 0) this.#groups.delete(page.metadata.group);
  }

  /** Marks a page as just used. */
  touch(key: string, page: CachedPage): void {
    touch(this.pages, key, page);
  }
}

/** Memory of an entry beside its body, headers and tags, in bytes. */
const OVERHEAD = 4 * 1024;

/** Weighs headers and tags too: functions set them freely, and few large ones would fill the memory. */
function weightOf(key: string, { metadata, fresh }: NewPage): number {
  let weight = OVERHEAD + key.length + metadata.group.length;
  for (const tag of metadata.tags) weight += tag.length;
  for (const [name, value] of fresh.headers) weight += name.length + value.length;
  return weight;
}

/**
 * Caches functions' responses in the memory of one worker. When it is full, the deployment that has most evicts its
 * least recently used page, so no site can evict the pages of others.
 */
export class PageCache {
  readonly #limit: number;
  readonly #partitions = new Map<DeploymentId, DeploymentPartition>();
  #bytes = 0;
  #versions = 0;
  /** Responses in flight that may become pages. */
  readonly captureBuffers: CaptureBuffers;

  constructor(limitBytes: number) {
    this.#limit = limitBytes;
    this.captureBuffers = new CaptureBuffers(Math.floor(limitBytes / 4));
  }

  partition(deploymentId: DeploymentId): DeploymentPartition | undefined {
    return this.#partitions.get(deploymentId);
  }

  /** The largest body that is cached. */
  get maxBody(): number {
    return Math.floor(this.#limit / 16);
  }

  set(deploymentId: DeploymentId, key: string, page: NewPage, body: number): void {
    let partition = this.#partitions.get(deploymentId);
    if (partition === undefined) this.#partitions.set(deploymentId, (partition = new DeploymentPartition()));
    const before = partition.bytes;
    partition.set(key, { ...page, bytes: body + weightOf(key, page), version: ++this.#versions });
    this.#bytes += partition.bytes - before;
    while (this.#bytes > this.#limit) this.#evict();
  }

  recordUse(partition: DeploymentPartition, key: string, page: CachedPage): void {
    if (shouldTrackRecency(this.#bytes, this.#limit)) partition.touch(key, page);
  }

  delete(deploymentId: DeploymentId, key: string): void {
    const partition = this.#partitions.get(deploymentId);
    if (partition === undefined) return;
    const before = partition.bytes;
    partition.delete(key);
    this.#bytes += partition.bytes - before;
    if (partition.pages.size === 0) this.#partitions.delete(deploymentId);
  }

  #evict(): void {
    let largest: DeploymentId | undefined;
    let most = -1;
    for (const [id, { bytes }] of this.#partitions) {
      if (bytes > most) [largest, most] = [id, bytes];
    }
    if (largest === undefined) return;
    const [oldest] = this.#partitions.get(largest)?.pages.keys() ?? [];
    if (oldest === undefined) this.#partitions.delete(largest);
    else this.delete(largest, oldest);
  }

  get bytes(): number {
    return this.#bytes;
  }
  get count(): number {
    let count = 0;
    for (const { pages } of this.#partitions.values()) count += pages.size;
    return count;
  }
}
