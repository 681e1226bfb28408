import { ok, type Result } from '@anchor/core/result/result.ts';
import type { AccountKey } from '../jose/account-key.ts';
import { bindExternalAccount, type ExternalAccount } from '../jose/jws.ts';
import type { AcmeError } from '../messages/acme-error.ts';
import { sameIdentifiers, type Identifier } from '../messages/identifier.ts';
import {
  accountSchema,
  authorizationSchema,
  challengeSchema,
  directorySchema,
  orderListSchema,
  orderSchema,
  renewalInfoSchema,
  type Authorization,
  type Challenge,
  type Directory,
  type OrderState,
  type RenewalInfo,
} from '../messages/schemas.ts';
import { HttpsTransport, type HttpResponse, type TransportOptions } from '../transport/https-transport.ts';
import { parseRetryAfter } from '../transport/retry-after.ts';
import { invalid, parse, SignedRequests, type AcmeAccount } from './signed-requests.ts';

export type AcmeClientOptions = TransportOptions & Readonly<{ directoryUrl: string }>;

/** An order, its URL, and the delay before the next poll (Retry-After). */
export type Order = OrderState & Readonly<{ url: string; retryAfterMs?: number }>;
export type NewOrder = Readonly<{
  identifiers: readonly Identifier[];
  /** A profile of the directory's `meta.profiles`. */
  profile?: string | undefined;
  /** The certificate to replace, by its `certificateId` (RFC 9773, section 5). */
  replaces?: string | undefined;
}>;
export type NewAccount = Readonly<{
  key: AccountKey;
  email?: string | undefined;
  externalAccount?: ExternalAccount | undefined;
}>;

/** How long a fetched directory is cached. */
const DIRECTORY_MS = 3_600_000;
/** Orders searched for one that was placed before a crash, and whose URL was not stored. */
const RECENT_ORDERS = 20;
/** The only certificate format that RFC 8555 defines. */
const PEM_CHAIN = 'application/pem-certificate-chain';

/**
 * Speaks ACME with one CA: RFC 8555, IP identifiers (RFC 8738), renewal information (RFC 9773) and profiles
 * (draft-ietf-acme-profiles). Every method is one exchange. The client persists nothing and does not
 * poll: both are up to the caller.
 */
export class AcmeClient {
  readonly #directoryUrl: string;
  readonly #transport: HttpsTransport;
  readonly #requests: SignedRequests;
  #directory: Readonly<{ value: Directory; until: number }> | undefined;
  #reading: Promise<Result<Directory, AcmeError>> | undefined;

  constructor({ directoryUrl, ...options }: AcmeClientOptions) {
    this.#directoryUrl = directoryUrl;
    this.#transport = new HttpsTransport(options);
    this.#requests = new SignedRequests(this.#transport);
  }

  /** How far this machine's clock is ahead of the CA's, in milliseconds; undefined before the first response. */
  get clockSkewMs(): number | undefined {
    return this.#transport.clockSkewMs;
  }

  /** The directory as last fetched; undefined before the first fetch. */
  get knownDirectory(): Directory | undefined {
    return this.#directory?.value;
  }

  /** Returns the CA's directory, read at most once an hour. Concurrent calls share one request. */
  async directory(): Promise<Result<Directory, AcmeError>> {
    if (this.#directory !== undefined && performance.now() < this.#directory.until) return ok(this.#directory.value);
    this.#reading ??= this.#readDirectory().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #readDirectory(): Promise<Result<Directory, AcmeError>> {
    const response = await this.#requests.get(this.#directoryUrl);
    if (!response.ok) return response;
    const parsed = parse(directorySchema, response.value);
    if (parsed.ok) this.#directory = { value: parsed.value, until: performance.now() + DIRECTORY_MS };
    return parsed;
  }

  /** Registers a key and agrees to the CA's terms. Idempotent: a registered key gets its existing account. */
  async register({ key, email, externalAccount }: NewAccount): Promise<Result<AcmeAccount, AcmeError>> {
    const directory = await this.directory();
    if (!directory.ok) return directory;
    const { newAccount, newNonce } = directory.value;
    const response = await this.#requests.post(
      newNonce,
      newAccount,
      { key },
      {
        termsOfServiceAgreed: true,
        ...(email === undefined ? {} : { contact: [`mailto:${email}`] }),
        ...(externalAccount === undefined
          ? {}
          : { externalAccountBinding: bindExternalAccount(key, externalAccount, newAccount) }),
      },
    );
    if (!response.ok) return response;
    const url = locationOf(response.value);
    return url.ok ? ok({ url: url.value, key }) : url;
  }

  /** Places an order. Not idempotent, unless the CA itself reuses pending orders. */
  async newOrder(account: AcmeAccount, order: NewOrder): Promise<Result<Order, AcmeError>> {
    const directory = await this.directory();
    if (!directory.ok) return directory;
    const response = await this.#post(account, directory.value.newOrder, {
      identifiers: order.identifiers,
      ...(order.profile === undefined ? {} : { profile: order.profile }),
      ...(order.replaces === undefined || directory.value.renewalInfo === undefined
        ? {}
        : { replaces: order.replaces }),
    });
    if (!response.ok) return response;
    const url = locationOf(response.value);
    return url.ok ? orderOf(url.value, response.value) : url;
  }

  /** Reads an order. */
  async order(account: AcmeAccount, url: string): Promise<Result<Order, AcmeError>> {
    const response = await this.#post(account, url);
    return response.ok ? orderOf(url, response.value) : response;
  }

  /**
   * Returns the newest order for these identifiers that waits for its challenges or its CSR: one that was placed before
   * a crash. Undefined when there is none, or when the CA does not list orders. A CA that lists none (Let's Encrypt)
   * returns the same pending order when it is placed twice.
   */
  async unfinishedOrder(
    account: AcmeAccount,
    identifiers: readonly Identifier[],
  ): Promise<Result<Order | undefined, AcmeError>> {
    const response = await this.#post(account, account.url);
    if (!response.ok) return response;
    const state = parse(accountSchema, response.value);
    if (!state.ok || state.value.orders === undefined) return ok(undefined);
    const urls = await this.#lastOrders(account, state.value.orders);
    if (!urls.ok) return urls;
    for (const url of urls.value.toReversed()) {
      const order = await this.order(account, url);
      if (!order.ok) continue;
      const waits = order.value.status === 'pending' || order.value.status === 'ready';
      if (waits && sameIdentifiers(order.value.identifiers, identifiers)) return order;
    }
    return ok(undefined);
  }

  async #lastOrders(account: AcmeAccount, first: string): Promise<Result<readonly string[], AcmeError>> {
    let urls: readonly string[] = [];
    let page: string | undefined = first;
    // At most 1,000 pages: a faulty CA may link them in a circle.
    for (let pages = 0; page !== undefined && pages < 1000; pages++) {
      const response: Result<HttpResponse, AcmeError> = await this.#post(account, page);
      if (!response.ok) return response;
      const list = parse(orderListSchema, response.value);
      if (!list.ok) return list;
      urls = [...urls, ...list.value.orders].slice(-RECENT_ORDERS);
      page = linkOf(response.value, 'next');
    }
    return ok(urls);
  }

  /** Reads an authorization. */
  async authorization(account: AcmeAccount, url: string): Promise<Result<Authorization, AcmeError>> {
    const response = await this.#post(account, url);
    return response.ok ? parse(authorizationSchema, response.value) : response;
  }

  /** Tells the CA that the response to a challenge is in place. */
  async startChallenge(account: AcmeAccount, url: string): Promise<Result<Challenge, AcmeError>> {
    const response = await this.#post(account, url, {});
    return response.ok ? parse(challengeSchema, response.value) : response;
  }

  /** Sends the CSR of an order that is `ready`. */
  async finalize(account: AcmeAccount, order: Order, csr: Uint8Array): Promise<Result<Order, AcmeError>> {
    const response = await this.#post(account, order.finalize, { csr: Buffer.from(csr).toString('base64url') });
    return response.ok ? orderOf(order.url, response.value) : response;
  }

  /** Downloads a certificate chain in PEM: the certificate first, then its issuers. */
  async certificate(account: AcmeAccount, url: string): Promise<Result<string, AcmeError>> {
    const response = await this.#post(account, url, undefined, PEM_CHAIN);
    if (!response.ok) return response;
    return response.value.headers['content-type']?.startsWith(PEM_CHAIN) === true
      ? ok(response.value.body)
      : invalid(url, `The certificate is no ${PEM_CHAIN}`);
  }

  /** Returns the renewal window that the CA suggests (ARI); undefined when it does not support ARI. */
  async renewalInfo(
    certificateId: string,
  ): Promise<Result<(RenewalInfo & Readonly<{ retryAfterMs?: number }>) | undefined, AcmeError>> {
    const directory = await this.directory();
    if (!directory.ok) return directory;
    if (directory.value.renewalInfo === undefined) return ok(undefined);
    const response = await this.#requests.get(`${directory.value.renewalInfo}/${certificateId}`);
    if (!response.ok) return response;
    const parsed = parse(renewalInfoSchema, response.value);
    return parsed.ok ? ok({ ...parsed.value, ...retryAfter(response.value) }) : parsed;
  }

  async #post(
    account: AcmeAccount,
    url: string,
    payload?: unknown,
    accept?: string,
  ): Promise<Result<HttpResponse, AcmeError>> {
    const directory = await this.directory();
    if (!directory.ok) return directory;
    return this.#requests.post(directory.value.newNonce, url, account, payload, accept);
  }

  /** Closes idle connections. */
  close(): void {
    this.#transport.close();
  }
}

function orderOf(url: string, response: HttpResponse): Result<Order, AcmeError> {
  const parsed = parse(orderSchema, response);
  return parsed.ok ? ok({ ...parsed.value, url, ...retryAfter(response) }) : parsed;
}

function retryAfter({ headers }: HttpResponse): Readonly<{ retryAfterMs?: number }> {
  const retryAfterMs = parseRetryAfter(headers['retry-after'], headers.date);
  return retryAfterMs === undefined ? {} : { retryAfterMs };
}

function locationOf({ url, headers }: HttpResponse): Result<string, AcmeError> {
  const location = headers.location === undefined ? null : URL.parse(headers.location, url);
  return location?.protocol === 'https:' ? ok(location.href) : invalid(url, 'The response has no Location');
}

function linkOf({ url, headers }: HttpResponse, relation: string): string | undefined {
  for (const [, target = '', rel] of [headers.link ?? '']
    .flat()
    .join(',')
    .matchAll(/<([^<>]*)>\s*;\s*rel="(\w+)"/g))
    if (rel === relation) return URL.parse(target, url)?.href;
  return undefined;
}
