import { createHash, randomBytes } from 'node:crypto';
import type { SecureContext } from 'node:tls';
import type { CertificateTable, ServedCertificate, ServedSet } from '@anchor/core/ports/certificate-table.ts';
import type { ServedDomain } from '@anchor/core/ports/served-certificates.ts';
import { CertificateIndex } from './certificate-index.ts';
import { ContextCache, createContext } from './secure-contexts.ts';

/** Where the platform itself responds for a host: ACME's http-01 (RFC 8555, 8.3), and the check of its own DNS. */
export const ACME_PATH = '/.well-known/acme-challenge/';
export const CHECK_PATH = '/.well-known/anchor-check/';

/** What a handshake continues with. */
export type Identity = Readonly<{ certificate: ServedCertificate; context: SecureContext }>;

const NOTHING: ServedSet = {
  certificates: [],
  domains: [],
  responses: {},
  pending: [],
  alpnChallenges: {},
  ticketKeys: [],
};

/** Follows the published set, and derives from it what connections and requests look up. */
export class ServedNames {
  readonly #table: CertificateTable | undefined;
  readonly #contexts: ContextCache;
  readonly #now: () => number;
  /** Encrypts session tickets until keys are published. */
  readonly #ownTicketKeys = randomBytes(48);
  #set = NOTHING;
  #index = new CertificateIndex(NOTHING);
  #domains = new Map<string, ServedDomain>();
  #pending = new Set<string>();
  #ticketKeys = this.#ownTicketKeys;
  #generation = 0;
  /** Contexts that were created so far. */
  created = 0;

  constructor(table: CertificateTable | undefined, contexts: number, now: () => number = Date.now) {
    this.#table = table;
    this.#now = now;
    this.#contexts = new ContextCache(contexts);
    this.#follow();
  }

  /** Changes whenever some name may be served differently than before. */
  get generation(): number {
    this.#follow();
    return this.#generation;
  }

  /** Returns the certificate for a server name or an address; undefined when there is none. */
  certificateOf(name: string): ServedCertificate | undefined {
    this.#follow();
    return this.#index.find(name, this.#now());
  }

  /** Returns the one certificate for IP addresses: behind address translation the server does not know its own. */
  onlyAddress(): ServedCertificate | undefined {
    this.#follow();
    return this.#index.onlyAddress;
  }

  /** Returns the certificate for tls-alpn-01 (RFC 8737) for a name. */
  alpnChallengeOf(name: string): ServedCertificate | undefined {
    this.#follow();
    const id = Object.hasOwn(this.#set.alpnChallenges, name) ? this.#set.alpnChallenges[name] : undefined;
    return id === undefined ? undefined : { id, names: [name], notAfter: 0 };
  }

  /** Returns the domain of a host: by its exact name, then by the wildcard above it. */
  domainOf(host: string): ServedDomain | undefined {
    this.#follow();
    const name = plainHost(host);
    const dot = name.indexOf('.');
    return this.#domains.get(name) ?? (dot === -1 ? undefined : this.#domains.get(`*${name.slice(dot)}`));
  }

  /** Returns the text to respond with at a path of `/.well-known/`, whatever the host; undefined when there is none. */
  responseAt(path: string): string | undefined {
    this.#follow();
    return Object.hasOwn(this.#set.responses, path) ? this.#set.responses[path] : undefined;
  }

  /** Returns whether an order or a check of this host is in flight: its application gets neither's requests. */
  isPending(host: string): boolean {
    this.#follow();
    return this.#pending.has(plainHost(host));
  }

  /** Returns the context of a certificate; undefined when its files cannot be used. */
  contextOf(certificate: ServedCertificate): SecureContext | undefined {
    const known = this.#contexts.get(certificate.id);
    if (known !== undefined) return known;
    const material = this.#table?.read(certificate.id);
    if (material === undefined) return undefined;
    try {
      const context = createContext(material, sessionsOf(certificate), this.#ticketKeys);
      this.created++;
      this.#contexts.set(certificate.id, context);
      return context;
    } catch {
      return undefined;
    }
  }

  refresh(): void {
    this.#table?.refresh();
    this.#follow();
  }

  status(): Readonly<Record<string, number>> {
    return {
      certificates: this.#set.certificates.length,
      domains: this.#set.domains.length,
      contexts: this.#contexts.count,
      contextsCreated: this.created,
    };
  }

  #follow(): void {
    const set = this.#table?.current() ?? NOTHING;
    if (set === this.#set) return;
    if (set.certificates !== this.#set.certificates) this.#index = new CertificateIndex(set);
    if (set.domains !== this.#set.domains) this.#domains = new Map(set.domains.map((domain) => [domain.name, domain]));
    this.#pending = new Set(set.pending);
    const [first] = set.ticketKeys;
    const ticketKeys = first === undefined ? this.#ownTicketKeys : Buffer.from(first, 'base64');
    // A context has its keys for good.
    if (!ticketKeys.equals(this.#ticketKeys)) this.#contexts.clear();
    this.#ticketKeys = ticketKeys;
    this.#set = set;
    this.#generation++;
  }
}

/** Returns a host as it is published: without the final dot that a client may write. */
export const plainHost = (host: string): string => (host.endsWith('.') ? host.slice(0, -1) : host);

/** Names the sessions of a certificate, so that they can be resumed after its renewal. At most 32 bytes. */
const sessionsOf = ({ names }: ServedCertificate): string =>
  createHash('sha256').update(names.toSorted().join(' ')).digest('hex').slice(0, 32);
