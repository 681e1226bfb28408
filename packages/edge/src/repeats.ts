import type { DeploymentId } from '@anchor/core/names/id.ts';
import type { HostRoute } from '@anchor/core/ports/route-table.ts';
import type { Answers } from './answers.ts';
import { footing, type Basis, type Choice, type DecideDeps } from './decide.ts';
import type { CacheResult, RepeatedLine } from './exchange.ts';
import { Recent } from './recent.ts';
import { Seen } from './seen.ts';
import type { Visit } from './serve.ts';
import { deploymentNamed, type HostRoutes } from './sites/host-routes.ts';
import type { Answer } from './wire/ready.ts';
import type { WireExchange } from './wire/reply.ts';

/**
 * An answer that was given, and what must be as it was for it to be given again to the same words. Holds nothing of the
 * page (see StoredPage) and nothing of its route, which has a hundred earlier deployments by its side: a project that
 * switches or makes pages anew all the time would fill the memory with what is used no more.
 */
export type Repeat = {
  /** What the request says its host is. */
  readonly host: string;
  readonly route: WeakRef<HostRoute>;
  readonly deploymentId: DeploymentId;
  readonly artifact: string;
  readonly basis: Basis;
  readonly answer: Answer;
  readonly cache: CacheResult;
  readonly line: RepeatedLine;
  /** In which turn the whole way was gone last. */
  turn: number;
  /** Of all routes, when this one was looked at last. */
  generation: number;
};

export type RepeatsDeps = Pick<DecideDeps, 'sites' | 'kept' | 'tags' | 'now'> & Readonly<{ routes: HostRoutes; answers: Answers }>;

/** No generation: the route is looked at the first time. */
const LOOK = -1;
/** Browsers with many cookies say more than this, and seldom the same. */
export const MAX_REPEATED = 4096;
const LIMIT_BYTES = 8 * 1024 * 1024;
/** Of texts that were seen once. */
const SEEN_BYTES = 256 * 1024;
/** What an entry weighs beside its texts. */
const OVERHEAD = 1024;

/**
 * The text, once more where its pieces were cut from another copy of it, and its line of the log, which holds parts of it,
 * quoted at most twice as long. A page's key may have two bytes a character.
 */
const weightOf = (text: string, basis: Basis): number => OVERHEAD + text.length * 4 + (typeof basis === 'string' ? 0 : basis.key.length * 2);

/**
 * Answers to whole requests by their very bytes: a request that was answered with a file or a fresh page is answered
 * again without being taken apart. All that an answer depends on is in the request's bytes, or is looked at each time:
 * the host's route, and whether the page is still the one that would be chosen, and fresh. Requests of trusted proxies,
 * of rules that ask who the visitor is, and of tabs of earlier deployments are not for this way.
 *
 * Once a turn each request goes the whole way nevertheless: so what it uses is noted where the least used has to leave,
 * and what is only wanted at times (a page compressed, a rule that takes too long) is seen to.
 */
export class Repeats {
  readonly #deps: RepeatsDeps;
  readonly #repeats = new Recent<Repeat>(LIMIT_BYTES);
  readonly #seen = new Seen(SEEN_BYTES);
  #turn = 0;
  #closed = false;
  hits = 0;

  constructor(deps: RepeatsDeps) {
    this.#deps = deps;
  }

  /** What answers a request of exactly this text, from who is no proxy; undefined: it has to go the whole way. */
  find(text: string): Repeat | undefined {
    const repeat = this.#repeats.peek(text);
    if (repeat === undefined || this.#closed) return undefined;
    const stands = this.#isRouted(repeat) ? footing(this.#deps, repeat, repeat.basis) : 'gone';
    if (stands === 'gone') this.#forget(text);
    return stands === 'stands' && repeat.turn === this.#turn ? repeat : undefined;
  }

  /**
   * Whether the host still has the route. One that was replaced does not come back: tables make a new one at each switch.
   * Looking it up reads memory in a dozen places, which is not in the processor's caches where many hosts are asked for:
   * once a generation is enough.
   */
  #isRouted(repeat: Repeat): boolean {
    const { routes } = this.#deps;
    const { generation } = routes;
    if (repeat.generation === generation) return true;
    const route = routes.find(repeat.host);
    if (route === undefined || repeat.route.deref() !== route) return false;
    repeat.generation = generation;
    return true;
  }

  /** At once, not only when it is the least used. What answers these words next is remembered the first time. */
  #forget(text: string): void {
    this.#repeats.delete(text);
    this.#seen.before(text);
  }

  /** It was sent once more. */
  given({ cache, line }: Repeat, requestId: string, startedAt: number, ip: string): void {
    this.hits++;
    this.#deps.answers.repeated(cache, line, requestId, startedAt, ip);
  }

  /** An answer that was just given, if it can be given again and its words are such as come again. */
  remember({ exchange, route, site, deploymentId, target }: Visit<WireExchange>, { asset, basis }: Extract<Choice, { kind: 'asset' }>): void {
    const { req, res } = exchange;
    const { text, address } = req;
    const { sent: answer } = res;
    if (text === undefined || answer?.bytes === undefined || address?.kind !== 'ok' || this.#closed) return;
    if (exchange.trusted || site.asksWho || basis === 'moment' || deploymentId !== route.deploymentId || !isCurrent(deploymentNamed(target.query, req.headers), route)) return;
    const known = this.#repeats.peek(text);
    if (known === undefined && !this.#seen.before(text)) return;
    const same = known !== undefined && known.route.deref() === route && known.answer === answer && isSame(known.basis, basis);
    if (same) known.turn = this.#turn;
    const repeat = same ? known : { host: address.header, route: new WeakRef(route), deploymentId, artifact: route.artifact, basis, answer, cache: asset.cache, line: this.#deps.answers.lineOf(exchange), turn: this.#turn, generation: LOOK };
    this.#repeats.set(text, repeat, weightOf(text, basis));
  }

  /** From now on each goes the whole way once. */
  turn(): void {
    this.#turn++;
  }

  /** For good. */
  close(): void {
    this.#closed = true;
  }

  get count(): number {
    return this.#repeats.count;
  }
  get bytes(): number {
    return this.#repeats.bytes;
  }
}

const isCurrent = (named: string | undefined, route: HostRoute): boolean => named === undefined || named === route.deploymentId;
const isSame = (a: Basis, b: Basis): boolean => a === b || (typeof a === 'object' && typeof b === 'object' && a.key === b.key && a.version === b.version);
