import type { ServedDomain } from '@anchor/core/ports/served-certificates.ts';
import type { HostRoute } from '@anchor/core/ports/route-table.ts';
import type { ServedNames } from '../certificates/served-names.ts';
import type { Responder } from '../handler/responder.ts';
import { validateMemo } from '../handler/memo-validity.ts';
import type { Basis, Resolution, ResolveDeps } from '../handler/resolution.ts';
import { ACME_PATH } from '../certificates/served-names.ts';
import { LruCache } from '../util/lru-cache.ts';
import { Doorkeeper } from '../util/doorkeeper.ts';
import type { RoutedRequest } from '../routing/routed-request.ts';
import { requestedDeploymentId, type HostRoutes } from '../routing/skew-protection.ts';
import type { MemoHit, RequestMemo } from '../http1/own/request-memo.ts';
import type { OwnExchange } from '../http1/own/own-exchange.ts';

/**
 * A memoized response, and what must be unchanged for it to be sent again. Refers weakly to the page (see StoredPage)
 * and its route. A route has up to a hundred earlier deployments, and a project that switches or revalidates all the
 * time would fill the memory with unused ones.
 */
export type MemoEntry = MemoHit & {
  /** The Host header, which names `host`. */
  readonly header: string;
  readonly domain: ServedDomain | undefined;
  readonly route: WeakRef<HostRoute>;
  readonly artifact: string;
  readonly basis: Basis;
  /** Epoch in which the entry last took the slow path. */
  epoch: number;
  /** Generation of the route table in which the route was last checked. */
  generation: number;
  /** The same for the published domains. */
  domains: number;
};

export type ResponseMemoDeps = Pick<ResolveDeps, 'sites' | 'pageCache' | 'tags' | 'now'> &
  Readonly<{ names: ServedNames; routes: HostRoutes; responder: Responder }>;

/** No generation: the route is checked at the first lookup. */
const NEVER_CHECKED = -1;
const LIMIT_BYTES = 8 * 1024 * 1024;
/** Bytes of keys that were seen once. */
const DOORKEEPER_BYTES = 256 * 1024;
/** Memory of an entry beside its key, in bytes. */
const OVERHEAD = 1024;

/**
 * Returns the weight of an entry: the key, once more where slices of it hold on to another copy, and its log line,
 * which quotes parts of it at up to twice their length. A page's key may have two bytes per character.
 */
const weightOf = (text: string, basis: Basis): number =>
  OVERHEAD + text.length * 4 + (typeof basis === 'string' ? 0 : basis.key.length * 2);

/**
 * Memoizes responses by raw request bytes, so that an identical request for a static file or a fresh page is served
 * without parsing. Everything a response depends on is in the request's bytes or is checked at each lookup: the host's
 * route, and whether the page is still current and fresh. Not memoized: requests of trusted proxies, of sites whose
 * rules depend on the client's address, of pages of earlier deployments, and of ACME challenges. Connections with TLS
 * have a memo of their own.
 *
 * Once per epoch each entry takes the slow path, so that the LRU caches behind it see the access, and deferred work
 * (compressing a page, reporting slow rules) is triggered.
 *
 * Moves the bench rows of hot files and cached pages; `responseMemo: false` turns it off.
 */
export class ResponseMemo implements RequestMemo {
  readonly #deps: ResponseMemoDeps;
  readonly #entries = new LruCache<MemoEntry>(LIMIT_BYTES);
  readonly #doorkeeper = new Doorkeeper(DOORKEEPER_BYTES);
  #epoch = 0;
  #closed = false;
  hits = 0;

  constructor(deps: ResponseMemoDeps) {
    this.#deps = deps;
  }

  /**
   * Returns the entry for exactly this text, sent by a client that is not a proxy; undefined: take the slow path. The
   * caller checks that its connection is for the host.
   */
  lookup(text: string): MemoEntry | undefined {
    const entry = this.#entries.peek(text);
    if (entry === undefined || this.#closed) return undefined;
    const validity = this.#isRouted(entry) ? validateMemo(this.#deps, entry, entry.basis) : 'invalid';
    if (validity === 'invalid') this.#invalidate(text);
    return validity === 'valid' && entry.epoch === this.#epoch ? entry : undefined;
  }

  /**
   * Returns whether the host still has the route. A replaced route does not come back, since tables create a new one at
   * each switch. A lookup touches a dozen cache lines that are cold where many hosts are requested, so it is done once
   * per generation.
   */
  #isRouted(entry: MemoEntry): boolean {
    const { names, routes } = this.#deps;
    const { generation } = routes;
    const domains = names.generation;
    if (entry.generation === generation && entry.domains === domains) return true;
    const route = routes.find(entry.header);
    if (route === undefined || entry.route.deref() !== route || names.domainOf(entry.host) !== entry.domain)
      return false;
    entry.generation = generation;
    entry.domains = domains;
    return true;
  }

  /** Evicts the entry at once. The next response to this request is admitted at first sight. */
  #invalidate(text: string): void {
    this.#entries.delete(text);
    this.#doorkeeper.seenBefore(text);
  }

  /** Counts and logs a hit. */
  recordHit({ cache, logLine }: MemoHit, requestId: string, startedAt: number, ip: string): void {
    this.hits++;
    this.#deps.responder.recordMemoHit(cache, logLine, requestId, startedAt, ip);
  }

  /** Stores a response that was just sent, if it can be repeated and its request was seen before. */
  store(
    { exchange, route, site, deploymentId, target }: RoutedRequest<OwnExchange>,
    { asset, basis }: Extract<Resolution, { kind: 'asset' }>,
  ): void {
    const { req, res } = exchange;
    const { names } = this.#deps;
    const { text, address } = req;
    const { sent: response } = res;
    if (text === undefined || response?.bytes === undefined || address?.kind !== 'ok' || this.#closed) return;
    if (
      exchange.trusted ||
      site.dependsOnClientAddress ||
      basis === 'uncacheable' ||
      target.path.startsWith(ACME_PATH) ||
      deploymentId !== route.deploymentId ||
      !isCurrent(requestedDeploymentId(target.query, req.headers), route)
    )
      return;
    const known = this.#entries.peek(text);
    if (known === undefined && !this.#doorkeeper.seenBefore(text)) return;
    const domain = names.domainOf(address.host);
    const same =
      known !== undefined &&
      known.route.deref() === route &&
      known.domain === domain &&
      known.response === response &&
      isSame(known.basis, basis);
    if (same) known.epoch = this.#epoch;
    const entry = same
      ? known
      : {
          header: address.header,
          host: address.host,
          domain,
          route: new WeakRef(route),
          deploymentId,
          artifact: route.artifact,
          basis,
          response,
          cache: asset.cache,
          logLine: this.#deps.responder.compileLogLine(exchange),
          epoch: this.#epoch,
          generation: NEVER_CHECKED,
          domains: NEVER_CHECKED,
        };
    this.#entries.set(text, entry, weightOf(text, basis));
  }

  /** Starts an epoch: each entry takes the slow path once. */
  nextEpoch(): void {
    this.#epoch++;
  }

  /** Disables the memo for good. */
  close(): void {
    this.#closed = true;
  }

  get count(): number {
    return this.#entries.count;
  }
  get bytes(): number {
    return this.#entries.bytes;
  }
}

const isCurrent = (named: string | undefined, route: HostRoute): boolean =>
  named === undefined || named === route.deploymentId;
const isSame = (a: Basis, b: Basis): boolean =>
  a === b || (typeof a === 'object' && typeof b === 'object' && a.key === b.key && a.version === b.version);
