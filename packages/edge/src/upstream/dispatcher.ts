import type { Duplex } from 'node:stream';
import type { DeploymentId, ProjectId } from '@anchor/core/names/id.ts';
import { cacheContextOf, createCacheWriter, type CacheWriter } from '../cache/cache-writer.ts';
import type { PageCache } from '../cache/page-cache.ts';
import type { Revalidator } from '../cache/revalidator.ts';
import type { Problem } from '../error-pages/error-page.ts';
import { internal, tooManyInflight } from '../error-pages/problems.ts';
import type { OwnExchange } from '../http1/own/own-exchange.ts';
import type { Exchange, NodeExchange, StreamedExchange } from '../http1/transport.ts';
import type { EvaluationBudgets } from '../routing/evaluation-budgets.ts';
import type { RoutedRequest } from '../routing/routed-request.ts';
import type { Asset, Part } from '../static/asset.ts';
import type { EdgeSettings } from '../util/settings.ts';
import type { CompressorSlots } from './compression/compressor-slots.ts';
import type { FunctionPools } from './function-pools.ts';
import { serveWithResume } from './ppr-resume.ts';
import type { ProjectInflight } from './project-inflight.ts';
import { NodeProxy } from './node-proxy.ts';
import { OwnProxy } from './own-proxy.ts';
import type { ProxyDeps, ProxyJob } from './proxy-job.ts';
import { WebSocketProxy } from './websocket.ts';

/** Ends requests that no function responds to. */
export interface UpstreamResponder {
  problem(exchange: Exchange, problem: Problem, headers?: readonly string[]): void;
  /** Writes an error response to a WebSocket upgrade request. */
  refuse(exchange: Exchange, socket: Duplex, problem: Problem): void;
  requestFinished(exchange: Exchange, status?: number): void;
}

export type UpstreamDispatcherDeps = Readonly<{
  responder: UpstreamResponder;
  pools: FunctionPools;
  compressorSlots: CompressorSlots;
  inflight: ProjectInflight;
  settings: EdgeSettings;
  pageCache: PageCache;
  efforts: EvaluationBudgets;
  revalidator: Pick<Revalidator, 'revalidate'>;
  now(): number;
  /** Returns the bytes of a part of a response; undefined when they cannot be read. */
  bytesOf(part: Part): Promise<Buffer | undefined>;
  /** Serves a file of the deployment in place of the function's body; `headers` are the function's own, flat. */
  serveFile(routed: RoutedRequest, path: string, status: number, headers: readonly string[]): void;
}>;

/** A WebSocket upgrade request, and where it goes. */
export type UpgradeRequest = Readonly<{
  exchange: NodeExchange;
  projectId: ProjectId;
  deploymentId: DeploymentId;
  target: RoutedRequest['target'];
  tokens: ReadonlySet<string>;
}>;

/** Sends routed requests to functions, over either HTTP transport, and their responses back. */
export class UpstreamDispatcher {
  readonly #deps: UpstreamDispatcherDeps;

  constructor(deps: UpstreamDispatcherDeps) {
    this.#deps = deps;
  }

  /** Proxies a request whose body is streamed. */
  proxyNode(routed: RoutedRequest<StreamedExchange>): void {
    if (this.#admit(routed)) this.#proxyNode(routed);
  }

  /** Proxies a request that the edge's own reader parsed. */
  proxyOwn(routed: RoutedRequest<OwnExchange>): void {
    if (this.#admit(routed)) this.#proxyOwn(routed);
  }

  /** Sends a prerendered shell and then what the function renders from `postponed`. */
  resumeNode(routed: RoutedRequest<StreamedExchange>, shell: Asset, postponed: Part): void {
    if (this.#admit(routed)) this.#resume(routed, shell, postponed, (whole) => this.#proxyNode(whole));
  }

  /** Resumes a request that the edge's own reader parsed; see resumeNode. */
  resumeOwn(routed: RoutedRequest<OwnExchange>, shell: Asset, postponed: Part): void {
    if (!this.#admit(routed)) return;
    const { res } = routed.exchange;
    // A client that half-closes its connection cannot be told apart from one that has left.
    res.on('end', () => res.destroy());
    this.#resume(routed, shell, postponed, (whole) => this.#proxyOwn(whole));
  }

  /** Connects a WebSocket upgrade request with the function. `first` is what followed the request. */
  upgrade({ exchange, projectId, deploymentId, target, tokens }: UpgradeRequest, socket: Duplex, first: Buffer): void {
    const { responder, inflight, pools, settings } = this.#deps;
    if (!inflight.enter(projectId, exchange)) return responder.refuse(exchange, socket, tooManyInflight());
    const deps = {
      pools,
      settings,
      refuse: (...refused: Parameters<UpstreamResponder['refuse']>) => responder.refuse(...refused),
      finished: (done: Exchange, status: number) => responder.requestFinished(done, status),
    };
    new WebSocketProxy(deps, { exchange, deploymentId, path: pathOf({ target }), tokens, socket, first }).start();
  }

  #admit({ exchange, route }: RoutedRequest): boolean {
    if (this.#deps.inflight.enter(route.projectId, exchange)) return true;
    this.#deps.responder.problem(exchange, tooManyInflight(), ['retry-after', '1']);
    return false;
  }

  #proxyNode(routed: RoutedRequest<StreamedExchange>): void {
    new NodeProxy(this.#proxyDeps(routed), jobOf(routed)).start();
  }

  #proxyOwn(routed: RoutedRequest<OwnExchange>): void {
    new OwnProxy(this.#proxyDeps(routed), jobOf(routed)).start();
  }

  #proxyDeps(routed: RoutedRequest): ProxyDeps {
    const { responder, pools, serveFile, settings, compressorSlots } = this.#deps;
    return {
      pools,
      compressorSlots,
      settings,
      problem: responder.problem,
      finished: (done) => responder.requestFinished(done),
      cacheWriter: (status, rawHeaders) => this.#cacheWriter(routed, status, rawHeaders),
      serveFile: (path, status, headers) => serveFile(routed, path, status, headers),
    };
  }

  #resume<E extends Exchange>(
    routed: RoutedRequest<E>,
    shell: Asset,
    postponed: Part,
    toFunction: (routed: RoutedRequest<E>) => void,
  ): void {
    const { responder, bytesOf, pools, settings, compressorSlots } = this.#deps;
    const { exchange, route, site, deploymentId } = routed;
    void serveWithResume(
      {
        pools,
        compressorSlots,
        settings,
        bytesOf,
        toFunction: () => toFunction(routed),
        finished: (done) => responder.requestFinished(done),
      },
      {
        exchange,
        projectId: route.projectId,
        mayCompress: site.mayCompress,
        deploymentId,
        path: pathOf(routed),
        tokens: site.tokens,
        shell,
        postponed,
      },
    ).catch(() => responder.problem(exchange, internal()));
  }

  /** Returns a writer that caches the function's response on its way, where others may have it. */
  #cacheWriter(routed: RoutedRequest, status: number, rawHeaders: readonly string[]): CacheWriter | undefined {
    const { efforts, pageCache, now, revalidator } = this.#deps;
    return createCacheWriter(
      { pageCache, now, onPartialPage: (metadata) => revalidator.revalidate(routed, metadata, true) },
      cacheContextOf(routed, efforts),
      status,
      rawHeaders,
    );
  }
}

const jobOf = <E extends Exchange>(routed: RoutedRequest<E>): ProxyJob<E> => ({
  exchange: routed.exchange,
  projectId: routed.route.projectId,
  deploymentId: routed.deploymentId,
  customDeploymentId: routed.site.web.framework.deploymentId,
  path: pathOf(routed),
  tokens: routed.site.tokens,
  mayCompress: routed.site.mayCompress,
  trustRuntimeHeaders: routed.site.trustsRuntimeHeaders,
});

const pathOf = ({ target }: Pick<RoutedRequest, 'target'>): string =>
  target.query === '' ? target.path : `${target.path}?${target.query}`;
