import type { DeploymentId, ProjectId } from '@anchor/core/names/id.ts';
import type { CacheWriter } from '../cache/cache-writer.ts';
import type { Problem } from '../error-pages/error-page.ts';
import type { Exchange } from '../http1/transport.ts';
import type { EdgeSettings } from '../util/settings.ts';
import type { CompressorSlots } from './compression/compressor-slots.ts';
import type { FunctionPools } from './function-pools.ts';
import { problemOf, type UpstreamFailure } from './upstream-failure.ts';

/** The parts of the worker that proxying a request uses. */
export type ProxyDeps = Readonly<{
  pools: FunctionPools;
  settings: EdgeSettings;
  compressorSlots: CompressorSlots;
  problem(exchange: Exchange, problem: Problem, headers?: readonly string[]): void;
  /** Serves a file of the deployment in place of the function's body; `headers` are the function's own, flat. */
  serveFile(path: string, status: number, headers: readonly string[]): void;
  /** Caches what passes, where the edge may serve it to others. */
  cacheWriter(status: number, rawHeaders: readonly string[]): CacheWriter | undefined;
  finished(exchange: Exchange): void;
}>;

/** A request to be proxied to its function. */
export type ProxyJob<E extends Exchange = Exchange> = Readonly<{
  exchange: E;
  projectId: ProjectId;
  deploymentId: DeploymentId;
  /** The app's own name of this deployment. */
  customDeploymentId?: string | undefined;
  path: string;
  /** Secrets of the deployment; with one of them a request may carry internal headers. */
  tokens: ReadonlySet<string>;
  /** Whether the edge may compress the response. */
  mayCompress: boolean;
  /** Whether the function's `x-anchor-…` headers are the platform runtime's. */
  trustRuntimeHeaders: boolean;
}>;

/**
 * Ends an exchange whose request failed: with an error page, or, once a response has started, by closing the
 * connection.
 */
export function respondToFailure(
  { settings, problem, finished }: Pick<ProxyDeps, 'settings' | 'problem' | 'finished'>,
  exchange: Exchange,
  failure: UpstreamFailure,
): void {
  const page = problemOf(failure, settings);
  if (page !== undefined) return problem(exchange, page.problem, page.headers);
  // The client must see that the response is incomplete.
  if (failure.kind === 'broken') exchange.res.destroy();
  finished(exchange);
}
