import { Answers } from './answers.ts';
import { Memory } from './assets/memory.ts';
import { AssetSender } from './assets/send.ts';
import { Coder } from './cache/coder.ts';
import { KeptPages } from './cache/kept-pages.ts';
import { Refresher } from './cache/refresher.ts';
import type { EdgeOptions } from './edge.ts';
import { FunctionPools } from './functions/pools.ts';
import { missingBlob } from './pages/problems.ts';
import { Repeats } from './repeats.ts';
import { HostRoutes } from './sites/host-routes.ts';
import { Rounds } from './sites/rounds.ts';
import { Sites } from './sites/sites.ts';
import { TagLogs } from './sites/tag-log.ts';

/** What one edge worker holds from request to request: each of these is there once. */
export type State = Readonly<{
  options: EdgeOptions;
  routes: HostRoutes;
  sites: Sites;
  tags: TagLogs;
  pools: FunctionPools;
  memory: Memory;
  kept: KeptPages;
  coder: Coder;
  refresher: Refresher;
  answers: Answers;
  repeats: Repeats;
  sender: AssetSender;
}>;

export function createState(options: EdgeOptions): State {
  const { settings } = options;
  const memory = new Memory(settings.memoryBytes);
  const kept = new KeptPages(settings.pageBytes);
  const pools = new FunctionPools(options.functions, settings);
  const answers = new Answers(options);
  const routes = new HostRoutes(options.routes);
  const tags = new TagLogs(options.tagLog, new Rounds().current);
  const sites = new Sites(options.assets, settings.manifestBytes);
  const now = (): number => options.clock.now();
  return {
    options,
    routes,
    sites,
    tags,
    pools,
    memory,
    kept,
    coder: new Coder(kept),
    refresher: new Refresher({ kept, now, pools, startMs: settings.startMs }),
    answers,
    repeats: new Repeats({ routes, sites, kept, tags, answers, now }),
    sender: new AssetSender({
      assets: options.assets,
      memory,
      memoryFileBytes: settings.memoryFileBytes,
      finished: (exchange) => answers.finished(exchange),
      missing: (exchange) => answers.problem(exchange, missingBlob(), ['retry-after', '5']),
    }),
  };
}
