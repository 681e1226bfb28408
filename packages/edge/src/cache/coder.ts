import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import type { DeploymentId } from '@anchor/core/names/id.ts';
import { codedAsset, staleAsset } from '../assets/asset.ts';
import type { KeptPage, KeptPages } from './kept-pages.ts';

const toBrotli = promisify(brotliCompress);
const toGzip = promisify(gzip);
/** Of a page that lives for seconds or hours: good enough, and a few milliseconds of another core. */
const BROTLI = { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } };
const GZIP = { level: 6 };
const LEAST = 1024;
const TEXT = /^(?:text\/|application\/(?:json|javascript|xml|[\w.-]+\+(?:json|xml))|image\/svg)/;
const MAX_WAITING = 200;

type Work = Readonly<{ deploymentId: DeploymentId; key: string; page: KeptPage }>;

/** Compresses what is kept, once it is asked for by somebody who can read it: one at a time, and not at all when there is too much. */
export class Coder {
  readonly #kept: KeptPages;
  readonly #seen = new WeakSet<KeptPage>();
  readonly #waiting: Work[] = [];
  #busy = false;

  constructor(kept: KeptPages) {
    this.#kept = kept;
  }

  /** At once done, however often it is called. */
  want(deploymentId: DeploymentId, key: string, page: KeptPage): void {
    if (this.#seen.has(page) || this.#waiting.length >= MAX_WAITING) return;
    this.#seen.add(page);
    if (page.postponed !== undefined || page.fresh.status !== 200 || page.fresh.identity.size < LEAST || !TEXT.test(page.fresh.headers.get('content-type') ?? '')) return;
    this.#waiting.push({ deploymentId, key, page });
    if (!this.#busy) void this.#run();
  }

  async #run(): Promise<void> {
    this.#busy = true;
    for (let work = this.#waiting.shift(); work !== undefined; work = this.#waiting.shift()) await this.#code(work).catch(() => undefined);
    this.#busy = false;
  }

  async #code({ deploymentId, key, page }: Work): Promise<void> {
    const { bytes } = page.fresh.identity;
    if (bytes === undefined || this.#kept.of(deploymentId)?.get(key) !== page) return;
    const plain = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes;
    const [br, gz] = await Promise.all([toBrotli(plain, BROTLI), toGzip(plain, GZIP)]);
    // A newer version may have come meanwhile.
    if (br.length >= plain.length || gz.length >= plain.length || this.#kept.of(deploymentId)?.get(key) !== page) return;
    const fresh = codedAsset(page.fresh, br, gz);
    const coded = { made: page.made, fresh, stale: staleAsset(fresh) };
    this.#kept.set(deploymentId, key, coded, plain.length + br.length + gz.length);
    const kept = this.#kept.of(deploymentId)?.get(key);
    if (kept !== undefined) this.#seen.add(kept);
  }
}
