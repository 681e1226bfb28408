import { plainHost, ServedNames } from '../certificates/served-names.ts';
import { DomainGate } from '../handler/domain-gate.ts';
import { Responder } from '../handler/responder.ts';
import { FileCache } from '../static/file-cache.ts';
import { AssetSender } from '../static/asset-sender.ts';
import { BackgroundCompressor } from '../cache/background-compressor.ts';
import { PageCache } from '../cache/page-cache.ts';
import { CompressorSlots } from '../upstream/compression/compressor-slots.ts';
import { Revalidator } from '../cache/revalidator.ts';
import { RevalidationClient } from '../upstream/revalidation-client.ts';
import type { EdgeOptions } from './edge-options.ts';
import { ProjectInflight } from '../upstream/project-inflight.ts';
import { FunctionPools } from '../upstream/function-pools.ts';
import { missingFile } from '../error-pages/problems.ts';
import type { EdgeSettings } from '../util/settings.ts';
import { ResponseMemo } from '../fastpath/response-memo.ts';
import { EvaluationBudgets } from '../routing/evaluation-budgets.ts';
import { HostRoutes } from '../routing/skew-protection.ts';
import { SiteLogWriter } from '../observability/site-log.ts';
import { EventLoopTick } from '../util/event-loop-tick.ts';
import { Sites } from '../routing/sites.ts';
import { TagInvalidationLog } from '../cache/tag-invalidations.ts';

/** The parts of one edge worker that all requests share: each exists once. */
export type WorkerContext = Readonly<{
  options: EdgeOptions;
  settings: EdgeSettings;
  now(): number;
  routes: HostRoutes;
  sites: Sites;
  tags: TagInvalidationLog;
  efforts: EvaluationBudgets;
  siteLog: SiteLogWriter;
  pools: FunctionPools;
  inflight: ProjectInflight;
  fileCache: FileCache;
  pageCache: PageCache;
  compressor: BackgroundCompressor;
  compressorSlots: CompressorSlots;
  revalidator: Revalidator;
  responder: Responder;
  memo: ResponseMemo;
  /** The memo of connections with TLS. */
  secureMemo: ResponseMemo;
  names: ServedNames;
  gate: DomainGate;
  sender: AssetSender;
}>;

export function createWorkerContext(options: EdgeOptions): WorkerContext {
  const { settings } = options;
  const memory = new FileCache(settings.memoryBytes);
  const pageCache = new PageCache(settings.pageBytes);
  const pools = new FunctionPools(options.functions, settings);
  const now = (): number => options.clock.now();
  const notes = new SiteLogWriter(options.siteLog, now);
  const responder = new Responder(options, notes);
  const routes = new HostRoutes(options.routes);
  const tags = new TagInvalidationLog(options.tagLog, new EventLoopTick().current);
  const sites = new Sites(options.assets, settings.manifestBytes);
  const efforts = new EvaluationBudgets();
  const names = new ServedNames(options.certificates, settings.tlsContexts, now);
  const memoDeps = { names, routes, sites, pageCache, tags, responder, now };
  const memo = new ResponseMemo(memoDeps);
  const secureMemo = new ResponseMemo(memoDeps);
  if (!settings.responseMemo) for (const one of [memo, secureMemo]) one.close();
  return {
    options,
    settings,
    now,
    routes,
    sites,
    tags,
    efforts,
    siteLog: notes,
    pools,
    inflight: new ProjectInflight(settings.projectInflight),
    fileCache: memory,
    pageCache,
    compressor: new BackgroundCompressor(pageCache),
    compressorSlots: new CompressorSlots(),
    revalidator: new Revalidator({
      efforts,
      pageCache,
      now,
      upstream: new RevalidationClient(pools, settings),
    }),
    responder,
    memo,
    secureMemo,
    names,
    gate: new DomainGate(names, now, (host) => options.tunnels?.has(plainHost(host)) === true),
    sender: new AssetSender({
      assets: options.assets,
      fileCache: memory,
      memoryFileBytes: settings.memoryFileBytes,
      finished: (exchange) => responder.requestFinished(exchange),
      missing: (exchange) => responder.problem(exchange, missingFile(), ['retry-after', '5']),
    }),
  };
}
