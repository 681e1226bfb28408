import type { DeploymentId } from '@anchor/core/names/id.ts';
import type { Clock } from '@anchor/core/ports/clock.ts';
import type { FunctionHost } from '@anchor/core/ports/function-host.ts';
import type { RouteTable } from '@anchor/core/ports/route-table.ts';
import type { Assets } from './assets/assets.ts';
import type { AccessEntry, RepeatedLine } from './exchange.ts';
import type { EdgeSettings } from './settings.ts';
import { Worker } from './worker.ts';

export type EdgeOptions = Readonly<{
  routes: RouteTable;
  functions: FunctionHost;
  assets: Assets;
  settings: EdgeSettings;
  clock: Clock;
  /** Path of the file in which a deployment's functions note the tags they invalidated: one JSON `{tag, at}` a line. */
  tagLog(deploymentId: DeploymentId): string;
  /** Called once a request, when its answer has ended. Must be quick and must not throw. */
  accessLog?(entry: AccessEntry): void;
  /** The same for answers that are given again and again, where it has a shorter way: `entry` is one of them. */
  accessLine?(entry: AccessEntry): RepeatedLine;
}>;

export type EdgeListen = Readonly<{
  host: string;
  /** 0 takes any free one. */
  port: number;
  /** Several workers share the port. */
  reusePort?: boolean;
  /** Path of the worker's control socket, see control.ts. */
  control?: string;
}>;

/** One worker of the edge: what receives every request. */
export interface Edge {
  /** Resolves with the port when requests are answered; rejects when the address can not be had. */
  listen(options: EdgeListen): Promise<Readonly<{ port: number }>>;
  /** Takes no new connections, lets what is in flight end for at most `deadlineMs` (default 30 s), then cuts the rest. */
  close(deadlineMs?: number): Promise<void>;
  /** How many requests came so far. */
  requests(): number;
}

export function createEdge(options: EdgeOptions): Edge {
  const worker = new Worker(options);
  return { listen: (listen) => worker.listen(listen), close: (deadlineMs = 30_000) => worker.close(deadlineMs), requests: () => worker.requests };
}
