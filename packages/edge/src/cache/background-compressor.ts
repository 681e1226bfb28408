import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import type { DeploymentId } from '@anchor/core/names/id.ts';
import { codedAsset, staleAsset } from '../static/asset.ts';
import type { CachedPage, PageCache } from './page-cache.ts';

const toBrotli = promisify(brotliCompress);
const toGzip = promisify(gzip);
/** For a page that lives seconds to hours: good enough, at a few milliseconds of another core. */
const BROTLI = { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } };
const GZIP = { level: 6 };
const MIN_BYTES = 1024;
const TEXT = /^(?:text\/|application\/(?:json|javascript|xml|[\w.-]+\+(?:json|xml))|image\/svg)/;
const MAX_QUEUED = 200;

type Work = Readonly<{ deploymentId: DeploymentId; key: string; page: CachedPage }>;

/**
 * Compresses cached pages after the first request that accepts a coding: one at a time, and none when the queue is
 * full.
 */
export class BackgroundCompressor {
  readonly #pageCache: PageCache;
  readonly #seen = new WeakSet<CachedPage>();
  readonly #queue: Work[] = [];
  #busy = false;

  constructor(pageCache: PageCache) {
    this.#pageCache = pageCache;
  }

  /** Queues a page. Returns immediately; repeated calls for the same page are cheap. */
  enqueue(deploymentId: DeploymentId, key: string, page: CachedPage): void {
    if (this.#seen.has(page) || this.#queue.length >= MAX_QUEUED) return;
    this.#seen.add(page);
    if (
      page.postponed !== undefined ||
      page.fresh.status !== 200 ||
      page.fresh.identity.size < MIN_BYTES ||
      !TEXT.test(page.fresh.headers.get('content-type') ?? '')
    )
      return;
    this.#queue.push({ deploymentId, key, page });
    if (!this.#busy) void this.#run();
  }

  async #run(): Promise<void> {
    this.#busy = true;
    for (let work = this.#queue.shift(); work !== undefined; work = this.#queue.shift())
      await this.#compress(work).catch(() => undefined);
    this.#busy = false;
  }

  async #compress({ deploymentId, key, page }: Work): Promise<void> {
    const { bytes } = page.fresh.identity;
    if (bytes === undefined || this.#pageCache.partition(deploymentId)?.get(key) !== page) return;
    const plain = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes;
    const [br, gz] = await Promise.all([toBrotli(plain, BROTLI), toGzip(plain, GZIP)]);
    // A newer version may have been cached meanwhile.
    if (
      br.length >= plain.length ||
      gz.length >= plain.length ||
      this.#pageCache.partition(deploymentId)?.get(key) !== page
    )
      return;
    const fresh = codedAsset(page.fresh, br, gz);
    const coded = { metadata: page.metadata, fresh, stale: staleAsset(fresh) };
    this.#pageCache.set(deploymentId, key, coded, plain.length + br.length + gz.length);
    const stored = this.#pageCache.partition(deploymentId)?.get(key);
    if (stored !== undefined) this.#seen.add(stored);
  }
}
