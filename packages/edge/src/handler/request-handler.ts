import type { Duplex } from 'node:stream';
import type { PageCache } from '../cache/page-cache.ts';
import type { BackgroundCompressor } from '../cache/background-compressor.ts';
import type { Revalidator } from '../cache/revalidator.ts';
import type { TagInvalidationLog } from '../cache/tag-invalidations.ts';
import { brokenArtifact, notFound } from '../error-pages/problems.ts';
import type { OwnExchange } from '../http1/own/own-exchange.ts';
import type { Exchange, NodeExchange, StreamedExchange } from '../http1/transport.ts';
import type { SiteLogWriter } from '../observability/site-log.ts';
import type { EvaluationBudgets } from '../routing/evaluation-budgets.ts';
import { matchHost } from '../routing/host-routing.ts';
import type { RoutedRequest } from '../routing/routed-request.ts';
import type { Sites } from '../routing/sites.ts';
import type { HostRoutes } from '../routing/skew-protection.ts';
import type { AssetSender } from '../static/asset-sender.ts';
import type { CompressorSlots } from '../upstream/compression/compressor-slots.ts';
import { UpstreamDispatcher } from '../upstream/dispatcher.ts';
import type { FunctionPools } from '../upstream/function-pools.ts';
import type { ProjectInflight } from '../upstream/project-inflight.ts';
import type { EdgeSettings } from '../util/settings.ts';
import { RequestRouter } from './request-router.ts';
import type { DomainGate } from './domain-gate.ts';
import type { Responder } from './responder.ts';
import { serveRewrittenFile, type ServeDeps } from './serve.ts';

export type RequestHandlerDeps = Readonly<{
  settings: EdgeSettings;
  now(): number;
  gate: DomainGate;
  routes: HostRoutes;
  sites: Sites;
  tags: TagInvalidationLog;
  efforts: EvaluationBudgets;
  siteLog: SiteLogWriter;
  pools: FunctionPools;
  inflight: ProjectInflight;
  pageCache: PageCache;
  compressor: BackgroundCompressor;
  compressorSlots: CompressorSlots;
  revalidator: Revalidator;
  responder: Responder;
  sender: AssetSender;
  /** Called with each response from disk or cache to a request that the edge's own reader parsed. */
  sent: NonNullable<ServeDeps<OwnExchange>['onStoredSent']>;
}>;

/** Handles requests of both HTTP transports: route, resolve, then serve or dispatch to the function. */
export class RequestHandler {
  readonly #deps: RequestHandlerDeps;
  readonly #router: RequestRouter;
  readonly #dispatcher: UpstreamDispatcher;
  readonly #node: ServeDeps<StreamedExchange>;
  readonly #own: ServeDeps<OwnExchange>;

  constructor(deps: RequestHandlerDeps) {
    this.#deps = deps;
    this.#router = new RequestRouter(deps);
    const { responder, compressor: coder, efforts, pageCache, now, revalidator, sender, sites, tags } = deps;
    const dispatcher = new UpstreamDispatcher({
      ...deps,
      bytesOf: (part) => sender.bytes(part),
      serveFile: (routed, path, status, headers) => serveRewrittenFile(this.#node, routed, path, status, headers),
    });
    this.#dispatcher = dispatcher;
    const both = {
      sites,
      tags,
      pageCache,
      efforts,
      now,
      rulesTimedOut: (routed: RoutedRequest) => this.#logRulesTimedOut(routed),
      compress: coder.enqueue.bind(coder),
      revalidate: revalidator.revalidate.bind(revalidator),
      sender,
      problem: responder.problem,
      redirect: responder.redirect,
    };
    this.#node = {
      ...both,
      toFunction: dispatcher.proxyNode.bind(dispatcher),
      resume: dispatcher.resumeNode.bind(dispatcher),
    };
    this.#own = {
      ...both,
      onStoredSent: deps.sent,
      toFunction: dispatcher.proxyOwn.bind(dispatcher),
      resume: dispatcher.resumeOwn.bind(dispatcher),
    };
  }

  /** Handles a request that came in through node:http, or over HTTP/2 with a body that is streamed. */
  handleNode(exchange: StreamedExchange): void {
    this.#router.route(this.#node, exchange);
  }

  /** Handles a request that the edge's own reader parsed. */
  handleOwn(exchange: OwnExchange): void {
    this.#router.route(this.#own, exchange);
  }

  /** Handles a WebSocket upgrade request. */
  async handleUpgrade(exchange: NodeExchange, socket: Duplex, head: Buffer): Promise<void> {
    const { gate, responder, routes, sites } = this.#deps;
    const { req } = exchange;
    // WebSocket clients do not follow redirects.
    const decision = gate.decide(exchange);
    if (decision !== undefined)
      return responder.refuse(
        exchange,
        socket,
        decision.kind === 'problem' ? decision.problem : notFound(req.url ?? ''),
      );
    const located = matchHost(exchange, routes);
    if (located.kind === 'problem') return responder.refuse(exchange, socket, located.problem);
    const { target } = exchange;
    if (located.kind === 'redirect' || target === undefined)
      return responder.refuse(exchange, socket, notFound(req.url ?? ''));
    const { projectId } = located.route;
    const { deploymentId, artifact } = await this.#router.choose(located.route, target.query, req.headers);
    exchange.deploymentId = deploymentId;
    const loaded = await sites.load(artifact, projectId);
    if (!loaded.ok) return responder.refuse(exchange, socket, brokenArtifact(loaded.error));
    const { hasFunction, keepsRepeatedSlashes, tokens } = loaded.value;
    if (!hasFunction || (target.collapsed !== undefined && !keepsRepeatedSlashes))
      return responder.refuse(exchange, socket, notFound(target.path));
    this.#dispatcher.upgrade({ exchange, projectId, deploymentId, target, tokens }, socket, head);
  }

  #logRulesTimedOut({ exchange, deploymentId }: RoutedRequest<Exchange>): void {
    this.#deps.siteLog.write(deploymentId, exchange.requestId, 'warn', RULES_TIMED_OUT);
  }
}

const RULES_TIMED_OUT =
  'The rules of next.config (headers, redirects, rewrites, matchers) take too long to evaluate for some requests' +
  ', which the function decides alone: look for repeated groups within their regular expressions';
