import { fail, ok, type Result } from '@anchor/core/result/result.ts';
import type { Assets } from '../static/assets.ts';
import { LruCache } from '../util/lru-cache.ts';
import { Indexer } from './indexer.ts';
import { Site } from './site.ts';

const MAX_OWN_IDS = 20_000;
const AGAIN_AFTER_MS = 3_000;

/** Caches parsed artifacts by hash; the least recently used are evicted. */
export class Sites {
  readonly #assets: Assets;
  readonly #sites: LruCache<Site>;
  readonly #indexer = new Indexer();
  readonly #failed = new Map<string, Readonly<{ result: Result<Site>; until: number }>>();
  readonly #loading = new Map<string, Promise<Result<Site>>>();
  /**
   * The names that apps give their deployments. They outlive the parsed artifacts, because any client can send a name
   * that no deployment has.
   */
  readonly #ownIds = new Map<string, string | undefined>();

  constructor(assets: Assets, limitBytes: number) {
    this.#assets = assets;
    this.#sites = new LruCache(limitBytes);
  }

  /** Returns the site when it is parsed already, without waiting. */
  get(artifact: string): Site | undefined {
    return this.#sites.get(artifact);
  }

  /** Loads a site. `owner`: the project that it is loaded for, whose other artifacts are evicted for it. */
  load(artifact: string, owner: string): Promise<Result<Site>> {
    const known = this.get(artifact);
    if (known !== undefined) return Promise.resolve(ok(known));
    const loading = this.#loading.get(artifact);
    if (loading !== undefined) return loading;
    const failed = this.#failed.get(artifact);
    if (failed !== undefined && performance.now() < failed.until) return Promise.resolve(failed.result);
    const promise = this.#read(artifact, owner)
      .then((result) => {
        if (!result.ok) this.#remember(artifact, result);
        return result;
      })
      .finally(() => this.#loading.delete(artifact));
    this.#loading.set(artifact, promise);
    return promise;
  }

  close(): void {
    this.#indexer.close();
  }

  /** Caches a result, so that a failed read is not repeated for each request. */
  #remember(artifact: string, result: Result<Site>): void {
    if (this.#failed.size >= MAX_OWN_IDS) this.#failed.clear();
    this.#failed.set(artifact, { result, until: performance.now() + AGAIN_AFTER_MS });
  }

  /** The first of the candidates whose app chose this id for itself. */
  async named<T extends Readonly<{ artifact: string }>>(
    candidates: readonly T[],
    id: string,
    owner: string,
  ): Promise<T | undefined> {
    for (const candidate of candidates) {
      const { artifact } = candidate;
      if (!this.#ownIds.has(artifact)) await this.load(artifact, owner);
      if (this.#ownIds.get(artifact) === id) return candidate;
    }
    return undefined;
  }

  get count(): number {
    return this.#sites.count;
  }

  async #read(artifact: string, owner: string): Promise<Result<Site>> {
    const broken = (cause: string) =>
      fail(
        'artifact_invalid',
        "The deployment's artifact cannot be read",
        'Deploy again, or roll back to an earlier deployment.',
        cause,
      );
    if (!/^[0-9a-f]{64}$/.test(artifact)) return broken('The artifact has no valid name.');
    try {
      const index = await this.#indexer.index(this.#assets.open(artifact).path, owner);
      if (typeof index === 'string') return broken(index);
      const site = new Site(artifact, index);
      if (this.#ownIds.size >= MAX_OWN_IDS) this.#ownIds.clear();
      this.#ownIds.set(artifact, index.head.framework.deploymentId);
      this.#sites.set(artifact, site, site.bytes, owner);
      return ok(site);
    } catch (error) {
      return broken(
        error instanceof Error && 'code' in error && error.code === 'ENOENT'
          ? 'The manifest is not in the blob store.'
          : "The manifest's file cannot be read.",
      );
    }
  }
}
