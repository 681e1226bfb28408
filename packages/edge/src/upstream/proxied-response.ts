import type { CacheWriter } from '../cache/cache-writer.ts';
import type { UpstreamHead } from '../http1/upstream/transport.ts';
import { chooseEncoding, uncompressedHeaders, type EncodingChoice } from './compression/choose-encoding.ts';
import { CompressedBody, type Sink } from './compression/compressed-body.ts';
import type { ProxyDeps, ProxyJob } from './proxy-job.ts';
import { responseHeaders } from './response-headers.ts';
import { reloadForStaleAction } from './stale-server-action.ts';

/** A function's response as the client gets it. `reason` undefined: that of the status. `headers` are flat. */
export type ResponsePlan =
  | Readonly<{ kind: 'file'; path: string; headers: string[] }>
  | Readonly<{ kind: 'response'; status: number; reason: string | undefined; headers: string[] }>;

/** Creates the sink of a compressed response, when there is one. */
export interface SinkOwner {
  createSink(): Sink;
}

/** Passes a function's response on: into the page cache and through a compressor, where that is allowed. */
export class ProxiedResponse {
  readonly #deps: ProxyDeps;
  readonly #job: ProxyJob;
  #cacheWriter: CacheWriter | undefined;
  #compressed: CompressedBody | undefined;

  constructor(deps: ProxyDeps, job: ProxyJob) {
    this.#deps = deps;
    this.#job = job;
  }

  get compressed(): boolean {
    return this.#compressed !== undefined;
  }

  /**
   * Decides by the head what the client gets. `whole`: how many bytes the response has, where that is known. The
   * owner's sink gets the bytes of a compressed one.
   */
  begin(head: UpstreamHead, owner: SinkOwner, whole?: number): ResponsePlan {
    const { exchange, customDeploymentId, trustRuntimeHeaders, projectId } = this.#job;
    const { status, raw } = head;
    const chunked = head.chunked && exchange.req.method !== 'HEAD' && status !== 204 && status !== 304;
    const { cache, serve, headers } = responseHeaders(exchange, raw, head.connection, chunked, trustRuntimeHeaders);
    exchange.cache = cache;
    if (serve !== undefined) return { kind: 'file', path: serve, headers };
    this.#cacheWriter = this.#deps.cacheWriter(status, raw);
    const reload = reloadForStaleAction(exchange, customDeploymentId, status, headers);
    if (reload !== undefined) return { kind: 'response', reason: undefined, ...reload };
    const choice = this.#chooseEncoding(status, headers, whole);
    if (choice.encoding !== undefined)
      this.#compressed = new CompressedBody(choice.encoding, projectId, this.#deps.compressorSlots, owner.createSink());
    return { kind: 'response', status, reason: head.reason, headers: choice.headers };
  }

  /** Returns whether the response is compressed here, and its headers then. */
  #chooseEncoding(status: number, headers: string[], whole: number | undefined): EncodingChoice {
    const { exchange, mayCompress, projectId } = this.#job;
    if (!mayCompress) return { encoding: undefined, headers };
    const choice = chooseEncoding(exchange.req, status, headers, whole);
    return choice.encoding === undefined || this.#deps.compressorSlots.enter(projectId)
      ? choice
      : { encoding: undefined, headers: uncompressedHeaders(choice.headers, headers) };
  }

  /** Takes bytes of the body. False: a compressor has enough; its sink's `drained` follows. */
  content(bytes: Buffer): boolean {
    this.#cacheWriter?.write(bytes);
    if (this.#compressed !== undefined) return this.#compressed.write(bytes);
    this.#job.exchange.bytes += bytes.length;
    return true;
  }

  /** Stores the response and ends a compressed one: the body has arrived whole. */
  complete(): void {
    this.#cacheWriter?.commit();
    this.#compressed?.end();
  }

  /** Continues a compressed body: the client's connection takes more. */
  drained(): void {
    this.#compressed?.drained();
  }

  /** Drops what is stored or compressed so far: the rest will not arrive, or is not needed. */
  drop(): void {
    this.#cacheWriter?.abort();
    this.#compressed?.drop();
  }
}
