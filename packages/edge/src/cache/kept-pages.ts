import type { DeploymentId } from '@anchor/core/names/id.ts';
import type { Asset, Part } from '../assets/asset.ts';
import { moveToEnd, orderMatters } from '../recent.ts';
import type { Made } from './made.ts';
import { UnderWay } from './under-way.ts';

/** An answer of a function that the edge gives by itself while it may. */
export type KeptPage = Readonly<{
  made: Made; fresh: Asset; stale: Asset; bytes: number;
  /** No two that were ever kept have the same. */
  version: number;
  /** Of a partially prerendered page: where its render goes on from. The assets are its shell. */
  postponed?: Part;
}>;

/** A page before it is kept. */
type Unkept = Omit<KeptPage, 'bytes' | 'version'>;

/** What one deployment has in memory: pages by what asks for them (see prerenderKey), and the version that each group is at. */
export class Share {
  readonly pages = new Map<string, KeptPage>();
  readonly #groups = new Map<string, { at: number; keys: Set<string> }>();
  bytes = 0;

  get(key: string): KeptPage | undefined {
    return this.pages.get(key);
  }

  /** When the newest version of the group was made that there is; 0 for none. */
  newest(group: string): number {
    return this.#groups.get(group)?.at ?? 0;
  }

  /** False for an older version than there is. A newer one of a group ends all others of it. */
  set(key: string, page: KeptPage): boolean {
    const { group: name, at } = page.made;
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
    const group = this.#groups.get(page.made.group);
    group?.keys.delete(key);
    if (group?.keys.size === 0) this.#groups.delete(page.made.group);
  }

  /** Marks as just used. */
  touch(key: string, page: KeptPage): void {
    moveToEnd(this.pages, key, page);
  }
}

/** What an entry weighs beside its bytes and its texts. */
const OVERHEAD = 4 * 1024;

/** A function may say what it likes in its headers and tags, up to a size at which few of them fill the memory. */
function weightOf(key: string, { made, fresh }: Unkept): number {
  let weight = OVERHEAD + key.length + made.group.length;
  for (const tag of made.tags) weight += tag.length;
  for (const [name, value] of fresh.headers) weight += name.length + value.length;
  return weight;
}

/**
 * Answers of functions, in the memory of one worker. When it is full, the deployment that has most gives up what it used
 * least recently: no site can drive out the pages of the others.
 */
export class KeptPages {
  readonly #limit: number;
  readonly #shares = new Map<DeploymentId, Share>();
  #bytes = 0;
  #versions = 0;
  /** What may become one of them. */
  readonly underWay: UnderWay;

  constructor(limitBytes: number) {
    this.#limit = limitBytes;
    this.underWay = new UnderWay(Math.floor(limitBytes / 4));
  }

  of(deploymentId: DeploymentId): Share | undefined {
    return this.#shares.get(deploymentId);
  }

  /** The largest body that is kept. */
  get maxBody(): number {
    return Math.floor(this.#limit / 16);
  }

  set(deploymentId: DeploymentId, key: string, page: Unkept, body: number): void {
    let share = this.#shares.get(deploymentId);
    if (share === undefined) this.#shares.set(deploymentId, (share = new Share()));
    const before = share.bytes;
    share.set(key, { ...page, bytes: body + weightOf(key, page), version: ++this.#versions });
    this.#bytes += share.bytes - before;
    while (this.#bytes > this.#limit) this.#evict();
  }

  used(share: Share, key: string, page: KeptPage): void {
    if (orderMatters(this.#bytes, this.#limit)) share.touch(key, page);
  }

  delete(deploymentId: DeploymentId, key: string): void {
    const share = this.#shares.get(deploymentId);
    if (share === undefined) return;
    const before = share.bytes;
    share.delete(key);
    this.#bytes += share.bytes - before;
    if (share.pages.size === 0) this.#shares.delete(deploymentId);
  }

  #evict(): void {
    let largest: DeploymentId | undefined;
    let most = -1;
    for (const [id, { bytes }] of this.#shares) {
      if (bytes > most) [largest, most] = [id, bytes];
    }
    if (largest === undefined) return;
    const [oldest] = this.#shares.get(largest)?.pages.keys() ?? [];
    if (oldest === undefined) this.#shares.delete(largest);
    else this.delete(largest, oldest);
  }

  get bytes(): number {
    return this.#bytes;
  }
  get count(): number {
    let count = 0;
    for (const { pages } of this.#shares.values()) count += pages.size;
    return count;
  }
}
