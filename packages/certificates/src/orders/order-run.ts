import type { AcmeAccount } from '@anchor/acme/client/signed-requests.ts';
import type { Order } from '@anchor/acme/client/acme-client.ts';
import { isProblem, type AcmeError } from '@anchor/acme/messages/acme-error.ts';
import type { Identifier } from '@anchor/acme/messages/identifier.ts';
import { generateKeyPem } from '@anchor/acme/x509/key-pair.ts';
import { createSigningRequest } from '@anchor/acme/x509/signing-request.ts';
import { registeredDomain } from '@anchor/core/domains/domain-name.ts';
import type { DomainName } from '@anchor/core/names/name.ts';
import type { Authority } from '../authorities/authority.ts';
import type { Spending } from '../budgets/budgets.ts';
import { isAddress, keyContext, type OrderRecord } from '../records/records.ts';
import type { Stored } from '../records/record-table.ts';
import { Challenges } from '../solvers/challenges.ts';
import { authorize } from './authorize.ts';
import { storeIssued, replacedBy } from './issued.ts';
import type { OrderContext } from './order-context.ts';
import { budgetFailure, requestFailure, type FailureContext, type OrderFailure } from './order-failure.ts';
import { confirmedAt, delayedOrder, failedOrder, interruptedOrder } from './order-record.ts';
import { pause } from './pause.ts';

/** How long one run polls an order that the CA is processing. The next run resumes after `REST_MS`. */
const FOLLOW_MS = 120_000;
const MAX_POLL_MS = 30_000;
const REST_MS = 60_000;
/** Consecutive interruptions (80 minutes in all) after which an order is abandoned and placed with the next CA. */
const INTERRUPTIONS = 4;

/** Signals that the order was removed or taken over while it ran. The run then stops. */
class OrderGone extends Error {}

/**
 * Runs one order from its stored step. Each step is persisted before it is executed, and a step that may have been
 * executed already is looked up at the CA. A run that is killed at any point is therefore resumed without repeating one.
 */
export class OrderRun {
  readonly #context: OrderContext;
  readonly #challenges: Challenges;
  readonly #signal: AbortSignal;
  #stored: Stored<OrderRecord>;
  /** Whether this run sent the request of the stored step. If not, an earlier process may have sent it. */
  #placedHere = false;
  /** Whether this run has registered the account again because the CA did not know it. Done at most once. */
  #accountForgotten = false;

  constructor(context: OrderContext, stored: Stored<OrderRecord>, signal: AbortSignal) {
    this.#context = context;
    this.#challenges = new Challenges(context.served, context.dns);
    this.#stored = stored;
    this.#signal = signal;
  }

  /** Runs until the certificate is stored, the order fails, or it has to wait. */
  async run(): Promise<void> {
    try {
      while (!this.#signal.aborted && (await this.#step())) continue;
    } catch (error) {
      if (!(error instanceof OrderGone)) throw error;
      await this.#withdraw();
    }
  }

  get #order(): OrderRecord {
    return this.#stored.value;
  }

  /** Executes the stored step. Returns whether the next one can follow at once. */
  async #step(): Promise<boolean> {
    const authority = this.#context.authorities.find(({ name }) => name === this.#order.authority);
    if (authority === undefined) return this.#moveToFirst();
    if (authority.restsUntil > this.#context.clock.now()) return this.#rest(authority);
    const { step, url } = this.#order;
    if (step === 'queued') return this.#queue(authority);
    this.#context.onStep(this.#stored.id, step === 'placing' ? 'account' : 'challenge');
    const account = await authority.account();
    if (!account.ok) return this.#refused(authority, account.error);
    if (step === 'placing' || url === undefined) return this.#sendOnce(authority, account.value);
    const order = await authority.client.order(account.value, url);
    if (!order.ok) return this.#refused(authority, order.error);
    return this.#follow(authority, account.value, order.value);
  }

  /** The CA is no longer configured. */
  async #moveToFirst(): Promise<boolean> {
    const [first] = this.#context.authorities;
    if (first === undefined) return false;
    await this.#withdraw();
    const { url: _, sealedKey: __, ...order } = this.#order;
    await this.#save({ ...order, authority: first.name, step: 'queued', challenges: [] });
    return true;
  }

  async #queue(authority: Authority): Promise<boolean> {
    const { clock, budgets } = this.#context;
    const now = clock.now();
    const reserved = await budgets.reserve(this.#spending(authority), now);
    if (!reserved.ok) {
      const failure = budgetFailure(reserved.error, this.#order.names);
      await this.#save(delayedOrder(this.#order, failure, reserved.error.retryAt, now));
      return false;
    }
    const sealedKey = await this.#context.secrets.seal(await generateKeyPem(), this.#keyContext);
    this.#placedHere = true;
    await this.#save({ ...this.#order, step: 'placing', sealedKey });
    return true;
  }

  async #sendOnce(authority: Authority, account: AcmeAccount): Promise<boolean> {
    this.#context.onStep(this.#stored.id, 'order');
    const identifiers = this.#order.names.map(identifierOf);
    // Sent by a killed process, or left without a response: the CA may have the order.
    const sent = !this.#placedHere || this.#order.unconfirmed?.includes(authority.name) === true;
    const found = sent ? await authority.client.unfinishedOrder(account, identifiers) : undefined;
    if (found !== undefined && !found.ok) return this.#refused(authority, found.error);
    if (found?.value === undefined && !this.#placedHere) return this.#queueAgain(authority);
    this.#placedHere = false;
    const placed = found?.value ?? (await this.#send(authority, account, identifiers));
    if ('ok' in placed && !placed.ok) {
      if (isAmbiguous(placed.error)) await this.#save(confirmedAt(this.#order, authority.name, false));
      return this.#refused(authority, placed.error);
    }
    const { url } = 'ok' in placed ? placed.value : placed;
    await this.#save({ ...confirmedAt(this.#order, authority.name, true), step: 'authorizing', url });
    return true;
  }

  /**
   * Reserves another order: the one that may have been sent is lost, since the CA does not list it, and stays counted.
   * So a process that crashes again and again sends no more orders than the budget has.
   */
  async #queueAgain(authority: Authority): Promise<boolean> {
    await this.#save({ ...confirmedAt(this.#order, authority.name, true), step: 'queued' });
    await this.#context.budgets.release(this.#spending(authority), this.#context.clock.now());
    return true;
  }

  async #send(authority: Authority, account: AcmeAccount, identifiers: readonly Identifier[]) {
    const directory = await authority.client.directory();
    if (!directory.ok) return directory;
    const address = this.#order.names.some(isAddress);
    const wanted = address ? 'shortlived' : authority.settings.profile;
    const profile = wanted !== undefined && directory.value.meta.profiles?.[wanted] !== undefined ? wanted : undefined;
    const replaces = await replacedBy(this.#context.tables, this.#stored.id, authority.name);
    const placed = await authority.client.newOrder(account, { identifiers, profile, replaces });
    // The certificate was replaced by an order that failed later, or the CA does not know it: order without the link.
    if (placed.ok || replaces === undefined || !isProblem(placed.error, 'alreadyReplaced', 'malformed', 'unauthorized'))
      return placed;
    return authority.client.newOrder(account, { identifiers, profile });
  }

  /** Acts on the state of the order at the CA. */
  async #follow(authority: Authority, account: AcmeAccount, order: Order): Promise<boolean> {
    const failureContext = this.#failureContext(authority);
    if (order.status === 'pending' || order.status === 'invalid') {
      const outcome = await authorize({
        context: this.#context,
        challenges: this.#challenges,
        authority,
        account,
        order,
        record: this.#order,
        failureContext,
        signal: this.#signal,
        onStep: (step) => this.#context.onStep(this.#stored.id, step),
        save: (challenges) => this.#save({ ...this.#order, challenges: [...challenges] }),
      });
      if (this.#signal.aborted) return false;
      if (outcome.kind === 'failed') return this.#fail(authority, outcome.failure);
      if (outcome.kind === 'interrupted') return this.#interrupt(authority, outcome.failure);
      return this.#wait(authority, account, order);
    }
    const { url } = order;
    if (order.status === 'ready') return this.#finalize(authority, account, order);
    if (order.status === 'processing') {
      this.#context.onStep(this.#stored.id, 'finalize');
      return this.#wait(authority, account, order);
    }
    this.#context.onStep(this.#stored.id, 'download');
    const chain = await authority.client.certificate(account, order.certificate ?? url);
    if (!chain.ok) return this.#refused(authority, chain.error);
    // An order that was removed meanwhile leaves no certificate.
    await this.#save(this.#order);
    const stored = await storeIssued(this.#context, this.#stored, chain.value, authority);
    if (!stored.ok) return this.#fail(authority, { kind: 'authority', error: stored.error });
    this.#context.counter.countSuccess(this.#order.reason);
    await this.#withdraw();
    await this.#context.tables.orders.remove(this.#stored.id);
    return false;
  }

  async #finalize(authority: Authority, account: AcmeAccount, order: Order): Promise<boolean> {
    this.#context.onStep(this.#stored.id, 'finalize');
    const key = await this.#context.secrets.open(this.#order.sealedKey ?? '', this.#keyContext);
    if (!key.ok) return this.#fail(authority, { kind: 'authority', error: key.error });
    if (this.#order.step !== 'finalizing') await this.#save({ ...this.#order, step: 'finalizing' });
    const csr = await createSigningRequest(this.#order.names.map(identifierOf), key.value);
    const finalized = await authority.client.finalize(account, order, csr);
    if (!finalized.ok) return this.#refused(authority, finalized.error);
    return finalized.value.status === 'valid' ? true : this.#wait(authority, account, finalized.value);
  }

  /** Polls the order until its state changes. */
  async #wait(authority: Authority, account: AcmeAccount, order: Order): Promise<boolean> {
    const until = performance.now() + FOLLOW_MS;
    let { retryAfterMs } = order;
    while (performance.now() < until) {
      if (!(await pause(Math.min(retryAfterMs ?? this.#context.pollMs, MAX_POLL_MS), this.#signal))) return false;
      const next = await authority.client.order(account, order.url);
      if (!next.ok) return this.#refused(authority, next.error);
      if (next.value.status !== order.status) return true;
      ({ retryAfterMs } = next.value);
    }
    await this.#save({ ...this.#order, nextAt: this.#context.clock.now() + REST_MS });
    return false;
  }

  /** Handles a failed request. Returns whether the order continues at once. */
  async #refused(authority: Authority, error: AcmeError): Promise<boolean> {
    const now = this.#context.clock.now();
    if (isProblem(error, 'accountDoesNotExist') && !this.#accountForgotten) {
      this.#accountForgotten = true;
      await authority.forgetAccount();
      return true;
    }
    if (error.kind === 'unreachable') authority.noteUnreachable(now);
    const failure = requestFailure(error, this.#failureContext(authority));
    const exists = this.#order.step === 'authorizing' || this.#order.step === 'finalizing';
    // Resume an existing order instead of placing a second one, unless the CA has dropped it.
    const transient = error.kind !== 'problem' || error.problem.type === 'rateLimited' || error.status >= 500;
    return exists && transient ? this.#interrupt(authority, failure) : this.#fail(authority, failure);
  }

  async #interrupt(authority: Authority, failure: OrderFailure): Promise<boolean> {
    const givenUp = failure.kind === 'authority' && this.#order.failuresHere >= INTERRUPTIONS;
    if (givenUp && this.#context.authorities.length > 1) return this.#fail(authority, failure);
    this.#context.counter.countFailure(this.#order.reason);
    await this.#save(interruptedOrder(this.#order, failure, this.#context.clock.now()));
    return false;
  }

  async #fail(authority: Authority, failure: OrderFailure): Promise<boolean> {
    const { budgets, clock, authorities } = this.#context;
    const now = clock.now();
    await this.#withdraw();
    for (const name of failure.names ?? []) await budgets.countFailure(authority.name, name, now);
    await budgets.release(this.#spending(authority), now);
    this.#context.counter.countFailure(this.#order.reason);
    const names = authorities.map(({ name }) => name);
    await this.#save(failedOrder(this.#order, failure, names, now));
    return this.#order.nextAt <= now;
  }

  async #rest(authority: Authority): Promise<boolean> {
    await this.#save({ ...this.#order, nextAt: authority.restsUntil });
    return false;
  }

  async #withdraw(): Promise<void> {
    for (const challenge of this.#order.challenges) await this.#challenges.withdraw(challenge);
  }

  async #save(order: OrderRecord): Promise<void> {
    const stored = await this.#context.tables.orders.replace(this.#stored, order);
    if (stored === undefined) throw new OrderGone();
    this.#stored = stored;
  }

  get #keyContext(): string {
    return keyContext('order', this.#stored.id);
  }

  #spending(authority: Authority): Spending {
    const { names, reason } = this.#order;
    const domains = [...new Set(names.map((name) => registeredDomain(name as DomainName)))];
    return { authority: authority.name, set: this.#stored.id, names, domains, renewal: reason === 'renewal' };
  }

  #failureContext(authority: Authority): FailureContext {
    return { authority: authority.name, names: this.#order.names, issuer: authority.caa[0] };
  }
}

/** Whether the CA may have acted on a request that failed. */
const isAmbiguous = (error: AcmeError): boolean => error.kind !== 'problem' || error.status >= 500;

const identifierOf = (name: string): Identifier => ({ type: isAddress(name) ? 'ip' : 'dns', value: name });
