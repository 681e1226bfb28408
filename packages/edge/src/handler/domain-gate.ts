import { ACME_PATH, CHECK_PATH, plainHost, type ServedNames } from '../certificates/served-names.ts';
import type { Problem } from '../error-pages/error-page.ts';
import { misdirected, notFound, unknownHost } from '../error-pages/problems.ts';
import { isSecure, namesHttps } from '../http1/forwarding.ts';
import type { Address, Exchange } from '../http1/transport.ts';
import { addressOf } from '../routing/host-routing.ts';

/** What becomes of a request before its host is routed. */
export type GateDecision =
  | Readonly<{ kind: 'text'; text: string }>
  | Readonly<{ kind: 'redirect'; location: string }>
  | Readonly<{ kind: 'problem'; problem: Problem }>;

const HTTPS_PORT = 443;

/**
 * Decides what follows from the host's domain alone: responds to challenges and checks, and redirects plain HTTP to HTTPS and
 * a second name to the canonical one.
 */
export class DomainGate {
  readonly #names: ServedNames;
  readonly #isPlatform: (host: string) => boolean;
  readonly #now: () => number;
  /** The public port of the https listener, once there is one. */
  httpsPort: number | undefined;

  /** `isPlatform`: returns whether a host is the platform's own, which no project's site is ever served under. */
  constructor(names: ServedNames, now: () => number, isPlatform: (host: string) => boolean) {
    this.#names = names;
    this.#now = now;
    this.#isPlatform = isPlatform;
  }

  /** Returns undefined for a request that goes on to its site. Sets Strict-Transport-Security for it. */
  decide(exchange: Exchange): GateDecision | undefined {
    const address = addressOf(exchange.req);
    if (address.kind === 'refused') return undefined;
    const { host } = address;
    exchange.host = host;
    const { req } = exchange;
    // RFC 9110, 7.4 and 15.5.20. A trusted proxy has checked its own clients, and may connect under one name for all.
    if (host !== '' && !exchange.trusted && req.socket.covers?.(host) === false)
      return { kind: 'problem', problem: misdirected(host) };
    const path = address.target?.path ?? '';
    const isAcme = path.startsWith(ACME_PATH);
    if (isAcme || path.startsWith(CHECK_PATH)) {
      const text = this.#names.responseAt(path);
      if (text !== undefined) return { kind: 'text', text };
      if (!isAcme || this.#names.isPending(host) || this.#isPlatform(host))
        return { kind: 'problem', problem: notFound(path) };
      return undefined;
    }
    const decision = this.#decide(exchange, address, host);
    if (decision !== undefined || !this.#isPlatform(host)) return decision;
    // A browser may use the connection of a site for it, when a wildcard certificate is for both (RFC 9113, 9.1.1).
    return { kind: 'problem', problem: req.socket.encrypted === true ? misdirected(host) : unknownHost(host) };
  }

  #decide(exchange: Exchange, address: Named, host: string): GateDecision | undefined {
    const domain = this.#names.domainOf(host);
    if (domain === undefined) return undefined;
    const secure = isSecure(exchange);
    if (secure && domain.hstsSeconds > 0)
      exchange.res.setHeader('strict-transport-security', `max-age=${domain.hstsSeconds}`);
    // A proxy that is not trusted, such as Cloudflare in mode "Flexible", would redirect its client to itself for ever.
    const reached = secure || namesHttps(exchange.req.headers);
    const target = domain.redirectTo ?? (reached || !domain.httpsOnly ? undefined : plainHost(host));
    // A name below a wildcard that redirects to it, and is not published itself yet.
    if (target === undefined || (domain.redirectTo !== undefined && target === plainHost(host))) return undefined;
    const overTls = this.httpsPort !== undefined && (this.#names.certificateOf(target)?.notAfter ?? 0) > this.#now();
    if (domain.redirectTo === undefined && !overTls) return undefined;
    return { kind: 'redirect', location: this.#locationOf(target, address, secure || overTls) };
  }

  #locationOf(name: string, { header, target, redirect }: Named, secure: boolean): string {
    const path = target === undefined ? redirect : target.query === '' ? target.path : `${target.path}?${target.query}`;
    if (!secure) return `http://${name}${/:\d+$/.exec(header)?.[0] ?? ''}${path}`;
    const { httpsPort = HTTPS_PORT } = this;
    return `https://${name}${httpsPort === HTTPS_PORT ? '' : `:${httpsPort}`}${path}`;
  }
}

type Named = Extract<Address, { kind: 'ok' }>;
