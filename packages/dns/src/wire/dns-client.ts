import { err, type Result } from '@anchor/core/result/result.ts';
import { exchangeTcp, exchangeUdp, type DnsFailure, type DnsServer } from './exchange.ts';
import { encodeQuery, type DnsMessage, type Question, type QueryOptions } from './message.ts';
import { dnsName } from './names.ts';
import { Semaphore } from './semaphore.ts';

export type DnsClientSettings = Readonly<{
  /** Bound on one attempt, in milliseconds. */
  timeoutMs: number;
  /** Attempts over UDP. */
  tries: number;
  /** Queries in flight at most; the others wait. */
  maxInFlight: number;
}>;

export const DNS_CLIENT_DEFAULTS: DnsClientSettings = { timeoutMs: 1500, tries: 2, maxInFlight: 512 };

/** Sends queries to DNS servers: UDP first, TCP for what does not fit or is suspicious. Whatever arrives is bounded. */
export class DnsClient {
  readonly #settings: DnsClientSettings;
  readonly #inFlight: Semaphore;

  constructor(settings: Partial<DnsClientSettings> = {}) {
    this.#settings = { ...DNS_CLIENT_DEFAULTS, ...settings };
    this.#inFlight = new Semaphore(this.#settings.maxInFlight);
  }

  /** Queries one server. Any response that belongs to the query is a value, whatever its code. */
  query(server: DnsServer, question: Question, options: QueryOptions = {}): Promise<Result<DnsMessage, DnsFailure>> {
    const name = dnsName(question.name);
    if (name === undefined) return Promise.resolve(err('malformed'));
    return this.#inFlight.run(() => this.#query(server, { ...question, name }, options));
  }

  async #query(server: DnsServer, question: Question, options: QueryOptions): Promise<Result<DnsMessage, DnsFailure>> {
    const first = await this.#queryWith(server, question, options, true);
    const refusesEdns = first.ok && ['FORMERR', 'NOTIMP', 'BADVERS'].includes(first.value.rcode);
    return refusesEdns ? this.#queryWith(server, question, options, false) : first;
  }

  async #queryWith(
    server: DnsServer,
    question: Question,
    options: QueryOptions,
    edns: boolean,
  ): Promise<Result<DnsMessage, DnsFailure>> {
    const { timeoutMs, tries } = this.#settings;
    const end = performance.now() + (options.withinMs ?? Infinity);
    const within = (ms: number): number => Math.max(1, Math.min(ms, end - performance.now()));
    let failure: DnsFailure = 'timeout';
    for (let done = 0; done < tries && performance.now() < end; done++) {
      const outcome = await exchangeUdp(server, encodeQuery(question, options, edns), within(timeoutMs));
      if (outcome.ok) return outcome;
      if (outcome.error === 'tcp')
        return exchangeTcp(server, encodeQuery(question, options, edns), within(timeoutMs * 2));
      failure = outcome.error;
      // Nothing listens there, or the network has no route: the same a moment later.
      if (failure === 'refused' || failure === 'unreachable') break;
    }
    return err(failure);
  }
}
