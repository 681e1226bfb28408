import { randomUUID } from 'node:crypto';
import type { DeploymentId } from '@anchor/core/names/id.ts';
import { REFRESH, REFRESH_HEADER } from '@anchor/protocol/headers.ts';
import { headerOf } from '../http/headers.ts';
import { forwardedValue } from '../http1/forwarding.ts';
import type { EvaluationBudgets } from '../routing/evaluation-budgets.ts';
import type { RoutedRequest } from '../routing/routed-request.ts';
import { cacheContextOf, createCacheWriter, type CacheWriter, type CacheWriterDeps } from './cache-writer.ts';
import type { PageMetadata } from '../util/page-metadata.ts';

export type RevalidationRequest = Readonly<{
  deploymentId: DeploymentId;
  path: string;
  headers: Readonly<Record<string, string>>;
}>;

/** Returns what stores a response, by its head. `raw` is flat: name, value, name, value. */
export type RevalidationReader = (status: number, raw: readonly string[]) => CacheWriter | undefined;

/** Reaches the functions that revalidate pages. */
export interface RevalidationUpstream {
  /** Sends a GET, and the response to what `read` returns. Resolves with whether it arrived whole. */
  send(request: RevalidationRequest, read: RevalidationReader): Promise<boolean>;
  /** Aborts what is in flight. */
  close(): void;
}

export type RevalidatorDeps = CacheWriterDeps &
  Readonly<{ efforts: EvaluationBudgets; upstream: RevalidationUpstream }>;

/** Headers that select a part of a page, or the format of an image. */
const VARIANT = [
  'rsc',
  'next-router-prefetch',
  'next-router-segment-prefetch',
  'next-router-state-tree',
  'accept',
] as const;
const MAX_CONCURRENT = 128;
const MAX_CONCURRENT_PER_DEPLOYMENT = 16;
const MAX_REMEMBERED = 10_000;
/** As long as Next.js itself waits after a failed revalidation. */
const PAUSE_MS = { least: 3_000, most: 30_000 };

/**
 * Another process of the function renders the page and is done soon. Doubles each time, up to the pause after a
 * failure.
 */
const LOCKED_RETRY_MS = 250;

/** `in_progress_elsewhere`: another process revalidates the page, so the response was the stale or a private one. */
type RevalidationOutcome = 'revalidated' | 'in_progress_elsewhere' | 'failed';
type Group = { running: boolean; notBefore: number; lockedRetries: number };

/**
 * Revalidates stale pages in the background, one request per page (single-flight). The response is cached; after a
 * failure the stale page stays and the next attempt waits.
 */
export class Revalidator {
  readonly #deps: RevalidatorDeps;
  readonly #groups = new Map<string, Group>();
  readonly #each = new Map<DeploymentId, number>();
  #running = 0;
  #closed = false;

  constructor(deps: RevalidatorDeps) {
    this.#deps = deps;
  }

  /** Starts a revalidation. Reads what it needs of the request synchronously; never waits, never throws. */
  revalidate(routed: RoutedRequest, metadata: PageMetadata, shell: boolean): void {
    const { deploymentId } = routed;
    const name = `${deploymentId} ${metadata.group}`;
    const known = this.#groups.get(name);
    const each = this.#each.get(deploymentId) ?? 0;
    if (this.#closed || this.#running >= MAX_CONCURRENT || each >= MAX_CONCURRENT_PER_DEPLOYMENT) return;
    if (known !== undefined && (known.running || performance.now() < known.notBefore)) return;
    const group: Group = { running: true, notBefore: 0, lockedRetries: known?.lockedRetries ?? 0 };
    this.#remember(name, group);
    this.#running++;
    this.#each.set(deploymentId, each + 1);
    const pause = Math.min(PAUSE_MS.most, Math.max(PAUSE_MS.least, metadata.staleAfter));
    void this.#send(routed, shell)
      .catch((): RevalidationOutcome => 'failed')
      .then((outcome) => {
        group.running = false;
        group.notBefore =
          performance.now() +
          (outcome === 'in_progress_elsewhere' ? Math.min(pause, LOCKED_RETRY_MS * 2 ** group.lockedRetries++) : pause);
        if (outcome === 'revalidated') this.#groups.delete(name);
        this.#running--;
        const left = (this.#each.get(deploymentId) ?? 1) - 1;
        if (left === 0) this.#each.delete(deploymentId);
        else this.#each.set(deploymentId, left);
        return outcome;
      });
  }

  close(): void {
    this.#closed = true;
    this.#deps.upstream.close();
  }

  #remember(name: string, group: Group): void {
    this.#groups.set(name, group);
    if (this.#groups.size <= MAX_REMEMBERED) return;
    for (const [other, { running }] of this.#groups) {
      if (!running) this.#groups.delete(other);
      if (this.#groups.size <= MAX_REMEMBERED / 2) return;
    }
  }

  async #send(routed: RoutedRequest, shell: boolean): Promise<RevalidationOutcome> {
    const { efforts } = this.#deps;
    const { exchange, target, deploymentId } = routed;
    const headers: Record<string, string> = { host: target.authority ?? exchange.req.headers.host ?? exchange.host };
    for (const name of VARIANT) {
      const value = exchange.req.headers[name];
      if (typeof value === 'string') headers[name] = value;
    }
    // Rules may read other headers: the page that is stale is the one of a client that sends none of them.
    Object.assign(headers, {
      'x-forwarded-proto': forwardedValue(exchange, 'x-forwarded-proto'),
      'x-forwarded-host': forwardedValue(exchange, 'x-forwarded-host'),
      'x-forwarded-for': '127.0.0.1',
      'x-request-id': randomUUID(),
    });
    const context = {
      ...cacheContextOf(routed, efforts),
      method: 'GET',
      facts: {
        headers: { ...headers },
        host: exchange.host,
        query: target.query,
        budget: efforts.of(routed.route.projectId),
      },
    };
    headers[REFRESH_HEADER] = shell ? REFRESH.shell : REFRESH.page;
    const path = target.query === '' ? target.path : `${target.path}?${target.query}`;
    // The response was the stale page, or one client's whole page in place of the shell.
    let elsewhere = false;
    let writer: CacheWriter | undefined;
    const deps = { ...this.#deps, onPartialPage: () => void (elsewhere = true) };
    const whole = await this.#deps.upstream.send({ deploymentId, path, headers }, (status, raw) => {
      elsewhere = headerOf(raw, 'x-nextjs-cache') === 'STALE';
      writer = elsewhere ? undefined : createCacheWriter(deps, context, status, raw);
      return writer;
    });
    if (!whole || (writer === undefined && !elsewhere)) return 'failed';
    return elsewhere ? 'in_progress_elsewhere' : 'revalidated';
  }
}
