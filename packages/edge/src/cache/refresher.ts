import { randomUUID } from 'node:crypto';
import { request, type IncomingMessage } from 'node:http';
import type { DeploymentId } from '@anchor/core/names/id.ts';
import type { FunctionPools } from '../functions/pools.ts';
import { forwarded } from '../functions/request-headers.ts';
import type { Visit } from '../serve.ts';
import { describe, keeperFor, type KeeperDeps } from './keep.ts';
import type { Made } from './made.ts';

export type RefresherDeps = KeeperDeps & Readonly<{ pools: FunctionPools; startMs: number }>;

/** Tells the function to make the page anew if that is due, and to answer with what is then there; `shell`: of a partially prerendered one what is stored. */
export const REFRESH_HEADER = 'x-anchor-refresh';
/** What tells the parts of a page apart, and the formats of an image. */
const VARIANT = ['rsc', 'next-router-prefetch', 'next-router-segment-prefetch', 'next-router-state-tree', 'accept'] as const;
const MAX_AT_ONCE = 128;
const MAX_AT_ONCE_EACH = 16;
const MAX_REMEMBERED = 10_000;
const MAX_ANSWER_HEAD = 128 * 1024;
/** As long as Next itself waits after a page could not be made. */
const PAUSE_MS = { least: 3_000, most: 30_000 };

/** Places are shared by all projects, whatever limit they set themselves. */
const MOST_FIRST_BYTE_MS = 120_000;
/** How many times as long as for its first byte an answer may take in all. */
const ANSWER_TIMES = 2;

/** Another process of the function makes the page: it is done soon. Twice as long each time, up to the pause after a failure. */
const HELD_MS = 250;

/** `held`: the answer was the stale page again, which somebody else is making anew. */
type Outcome = 'made' | 'held' | 'failed';
type Group = { running: boolean; notBefore: number; held: number };

/**
 * Has stale pages made anew behind the backs of their visitors: one request a page at a time. What comes back is kept;
 * after a failure the old answer stands and the next try waits. All visitors get the stale one meanwhile.
 */
export class Refresher {
  readonly #deps: RefresherDeps;
  readonly #groups = new Map<string, Group>();
  readonly #each = new Map<DeploymentId, number>();
  readonly #requests = new Set<{ destroy(): unknown }>();
  #running = 0;
  #closed = false;

  constructor(deps: RefresherDeps) {
    this.#deps = deps;
  }

  /** Takes what it needs of the visit at once; never waits, never throws. */
  refresh(visit: Visit, made: Made, shell: boolean): void {
    const { deploymentId } = visit;
    const name = `${deploymentId} ${made.group}`;
    const known = this.#groups.get(name);
    const each = this.#each.get(deploymentId) ?? 0;
    if (this.#closed || this.#running >= MAX_AT_ONCE || each >= MAX_AT_ONCE_EACH) return;
    if (known !== undefined && (known.running || performance.now() < known.notBefore)) return;
    const group: Group = { running: true, notBefore: 0, held: known?.held ?? 0 };
    this.#remember(name, group);
    this.#running++;
    this.#each.set(deploymentId, each + 1);
    const pause = Math.min(PAUSE_MS.most, Math.max(PAUSE_MS.least, made.staleAfter));
    void this.#ask(visit, shell)
      .catch((): Outcome => 'failed')
      .then((outcome) => {
        group.running = false;
        group.notBefore = performance.now() + (outcome === 'held' ? Math.min(pause, HELD_MS * 2 ** group.held++) : pause);
        if (outcome === 'made') this.#groups.delete(name);
        this.#running--;
        const left = (this.#each.get(deploymentId) ?? 1) - 1;
        if (left === 0) this.#each.delete(deploymentId);
        else this.#each.set(deploymentId, left);
        return outcome;
      });
  }

  close(): void {
    this.#closed = true;
    for (const open of this.#requests) open.destroy();
  }

  #remember(name: string, group: Group): void {
    this.#groups.set(name, group);
    if (this.#groups.size <= MAX_REMEMBERED) return;
    for (const [other, { running }] of this.#groups) {
      if (!running) this.#groups.delete(other);
      if (this.#groups.size <= MAX_REMEMBERED / 2) return;
    }
  }

  async #ask(visit: Visit, shell: boolean): Promise<Outcome> {
    const { pools, startMs } = this.#deps;
    const { exchange, target, deploymentId } = visit;
    const headers: Record<string, string> = { host: target.authority ?? exchange.req.headers.host ?? exchange.host };
    for (const name of VARIANT) {
      const value = exchange.req.headers[name];
      if (typeof value === 'string') headers[name] = value;
    }
    // Whatever rules ask for beside these, the answer for somebody who sends nothing else is not the one that is stale.
    Object.assign(headers, { 'x-forwarded-proto': forwarded(exchange, 'x-forwarded-proto'), 'x-forwarded-host': forwarded(exchange, 'x-forwarded-host'), 'x-forwarded-for': '127.0.0.1', 'x-request-id': randomUUID() });
    const described = { ...describe(visit), method: 'GET', asked: { headers: { ...headers }, host: exchange.host, query: target.query } };
    headers[REFRESH_HEADER] = shell ? 'shell' : '1';
    const lease = pools.take(deploymentId) ?? (await pools.acquire(deploymentId, startMs).then((acquired) => (acquired.ok ? acquired.value : undefined)));
    if (lease === undefined) return 'failed';
    const firstByteMs = Math.min(lease.timeoutMs, MOST_FIRST_BYTE_MS);
    try {
      const path = target.query === '' ? target.path : `${target.path}?${target.query}`;
      return await new Promise<Outcome>((resolve, reject) => {
        const sent = request({ socketPath: lease.instance.path, agent: lease.instance.agent, method: 'GET', path, headers, maxHeaderSize: MAX_ANSWER_HEAD, timeout: firstByteMs }, (answer) => {
          resolve(this.#take(answer, described));
        });
        this.#requests.add(sent);
        sent.once('timeout', () => sent.destroy(new Error('no answer')));
        sent.once('error', reject);
        // Who dribbles must not take a place for ever that other projects wait for.
        const timer = setTimeout(() => sent.destroy(new Error('no end')), firstByteMs * ANSWER_TIMES);
        sent.once('close', () => {
          clearTimeout(timer);
          this.#requests.delete(sent);
        });
        sent.end();
      });
    } finally {
      lease.release();
    }
  }

  async #take(answer: IncomingMessage, described: ReturnType<typeof describe>): Promise<Outcome> {
    const held = answer.headers['x-nextjs-cache'] === 'STALE';
    const keeper = held ? undefined : keeperFor(this.#deps, described, answer.statusCode ?? 0, answer.rawHeaders);
    try {
      for await (const chunk of answer) if (Buffer.isBuffer(chunk)) keeper?.chunk(chunk);
      keeper?.end();
    } finally {
      keeper?.drop();
    }
    return held ? 'held' : keeper === undefined ? 'failed' : 'made';
  }
}
