import { readFile } from 'node:fs/promises';
import { manifestSchema } from '@anchor/core/artifact/manifest.ts';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';
import type { Assets } from '../assets/assets.ts';
import { Recent } from '../recent.ts';
import { Site } from './site.ts';

const MAX_OWN_IDS = 20_000;

/** Parsed artifacts by hash, least recently used out first. */
export class Sites {
  readonly #assets: Assets;
  readonly #sites: Recent<Site>;
  readonly #loading = new Map<string, Promise<Result<Site>>>();
  /** What the apps of artifacts call their deployments, for longer than the artifacts are kept parsed: any visitor can ask for a name that none has. */
  readonly #ownIds = new Map<string, string | undefined>();

  constructor(assets: Assets, limitBytes: number) {
    this.#assets = assets;
    this.#sites = new Recent(limitBytes);
  }

  /** The site when it is parsed already: no waiting. */
  get(artifact: string): Site | undefined {
    return this.#sites.get(artifact);
  }

  load(artifact: string): Promise<Result<Site>> {
    const known = this.get(artifact);
    if (known !== undefined) return Promise.resolve(ok(known));
    const loading = this.#loading.get(artifact);
    if (loading !== undefined) return loading;
    const promise = this.#read(artifact).finally(() => this.#loading.delete(artifact));
    this.#loading.set(artifact, promise);
    return promise;
  }

  /** The first of the candidates whose app chose this id for itself. */
  async named<T extends Readonly<{ artifact: string }>>(candidates: readonly T[], id: string): Promise<T | undefined> {
    for (const candidate of candidates) {
      const { artifact } = candidate;
      if (!this.#ownIds.has(artifact)) await this.load(artifact);
      if (this.#ownIds.get(artifact) === id) return candidate;
    }
    return undefined;
  }

  get count(): number {
    return this.#sites.count;
  }

  async #read(artifact: string): Promise<Result<Site>> {
    const broken = (cause: string) => fail('artifact_invalid', 'The deployment\'s artifact can not be read.', 'Deploy again, or roll back to an earlier deployment.', cause);
    if (!/^[0-9a-f]{64}$/.test(artifact)) return broken('The artifact has no valid name.');
    try {
      const text = await readFile(this.#assets.open(artifact).path, 'utf8');
      const parsed = manifestSchema.safeParse(JSON.parse(text));
      if (!parsed.success) return broken(parsed.error.issues.slice(0, 3).map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; '));
      const web = Object.hasOwn(parsed.data.components, 'web') ? parsed.data.components['web'] : undefined;
      if (web === undefined) return broken('The manifest has no component "web".');
      const site = new Site(artifact, web);
      if (this.#ownIds.size >= MAX_OWN_IDS) this.#ownIds.clear();
      this.#ownIds.set(artifact, web.framework.deploymentId);
      this.#sites.set(artifact, site, text.length);
      return ok(site);
    } catch (error) {
      return broken(error instanceof Error && 'code' in error && error.code === 'ENOENT' ? 'The manifest is not in the blob store.' : 'The manifest is not valid JSON, or its file can not be read.');
    }
  }
}
