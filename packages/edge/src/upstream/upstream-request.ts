import type { DeploymentId } from '@anchor/core/names/id.ts';
import type { TransportError, UpstreamTransport } from '../http1/upstream/transport.ts';
import type { EdgeSettings } from '../util/settings.ts';
import type { Deadline } from './deadline.ts';
import type { FunctionPools } from './function-pools.ts';
import type { Lease } from './lease.ts';
import { Retries, type Failure } from './retries.ts';
import type { UpstreamFailure } from './upstream-failure.ts';

/**
 * `connecting`: until an instance has accepted the connection. `sending`: the request's body is on its way.
 * `awaiting head`: the request was sent whole. `streaming`: the response's head was passed on. `done`: complete or
 * failed.
 */
export type UpstreamState = 'connecting' | 'sending' | 'awaiting head' | 'streaming' | 'done';

/** Has a request sent to a function, and receives the response or the failure. */
export interface UpstreamRequestOwner {
  /** Whether a response is no longer needed. */
  readonly clientLeft: boolean;
  /** Sends the request to a leased instance; called for each attempt. What the transport reports comes back here. */
  send(lease: Lease, onlyNewConnection: boolean): UpstreamTransport;
  /** Handles the end of a request without a whole response. Called at most once. */
  failed(failure: UpstreamFailure): void;
}

export type UpstreamRequestOptions = Readonly<{
  pools: FunctionPools;
  settings: Pick<EdgeSettings, 'startMs' | 'idleMs' | 'silentMs'>;
  deploymentId: DeploymentId;
  deadline: Deadline;
  /**
   * Whether it may be resent while nothing of a response arrived. Not with a body: a function that read it may have
   * acted on it.
   */
  repeatable: boolean;
}>;

/** One request to a function, over either transport: its state, and with it its lease, its timeout and its retries. */
export class UpstreamRequest {
  readonly #options: UpstreamRequestOptions;
  readonly #owner: UpstreamRequestOwner;
  readonly #retries: Retries;
  #state: UpstreamState = 'connecting';
  #repeatable: boolean;
  #awaited: 'function' | 'client' = 'function';
  /** Whether the response waits until the client has read more of it. */
  #paused = false;
  #lease: Lease | undefined;
  /** The attempt in flight; undefined once its response has arrived whole. */
  #transport: UpstreamTransport | undefined;

  constructor(options: UpstreamRequestOptions, owner: UpstreamRequestOwner) {
    this.#options = options;
    this.#owner = owner;
    this.#repeatable = options.repeatable;
    this.#retries = new Retries(options.pools, options.deploymentId, options.settings.startMs);
  }

  get state(): UpstreamState {
    return this.#state;
  }

  /** Starts an attempt, on an instance at hand or as soon as there is one. */
  start(): void {
    if (this.#state === 'done') return;
    if (this.#owner.clientLeft) return this.left();
    const lease = this.#retries.take();
    if (lease !== undefined) return this.#send(lease);
    this.#acquire().catch(() => this.fail({ kind: 'internal' }));
  }

  async #acquire(): Promise<void> {
    const acquired = await this.#retries.acquire();
    if (this.#owner.clientLeft) this.left();
    if (!acquired.ok) return this.fail({ kind: 'not started', error: acquired.error });
    if (this.state === 'done') return acquired.value.abort();
    this.#send(acquired.value);
  }

  #send(lease: Lease): void {
    this.#state = 'connecting';
    this.#lease = lease;
    try {
      this.#transport = this.#owner.send(lease, this.#retries.onlyNewConnection);
    } catch (error) {
      return this.fail({ kind: 'gone', cause: causeOf(error, 'the request could not be written') });
    }
    this.waitFor('function');
  }

  /** Marks the start of the body: from here on the request is not repeatable. */
  sending(): void {
    if (this.#state === 'done') return;
    if (this.#state === 'connecting') this.#state = 'sending';
    this.#repeatable = false;
    this.waitFor('client');
  }

  /** Marks that the transport has the whole request. */
  sent(): void {
    if (this.#state === 'connecting' || this.#state === 'sending') this.#state = 'awaiting head';
  }

  /** Marks that the head of the response was passed on. */
  streaming(): void {
    if (this.#state === 'done') return;
    this.#state = 'streaming';
    this.waitFor('function');
  }

  /** Marks that the connection became a tunnel, which has no timeout. */
  tunneling(): void {
    if (this.#state === 'done') return;
    this.#state = 'streaming';
    this.#options.deadline.setDeadline(0, undefined);
  }

  /**
   * Restarts the timeout of the party that is waited for. The project's limit is for its function: it does not run
   * while the client has to send or to read something.
   */
  waitFor(party: 'function' | 'client'): void {
    const whole = this.#transport === undefined;
    if (this.#state === 'done' || (whole && this.#state !== 'streaming')) return;
    // A response that is complete, or paused, only waits for the client.
    this.#awaited = whole || this.#paused ? 'client' : party;
    const { idleMs, silentMs } = this.#options.settings;
    this.#options.deadline.setDeadline(
      this.#awaited === 'client' ? idleMs : this.#state === 'streaming' ? silentMs : this.#limitMs,
      this.#onTimeout,
    );
  }

  /** Restarts the timeout after progress. */
  progressed(): void {
    this.waitFor(this.#awaited);
  }

  /** Pauses the response: the client has to read first. */
  pause(): void {
    this.#paused = true;
    this.#transport?.pause();
    this.waitFor('client');
  }

  /** Continues the response. */
  resume(): void {
    this.#paused = false;
    this.#transport?.resume();
    this.waitFor('function');
  }

  /** Completes the lease: the response has arrived whole. The client may still have to read it. */
  received(): void {
    this.#transport = undefined;
    this.#lease?.complete();
    this.#lease = undefined;
  }

  /** Ends the request without a failure: the client has the whole response, or gets another one. */
  finish(): void {
    if (this.#state === 'done') return;
    this.#state = 'done';
    this.#endAttempt();
  }

  /** Ends the request and gives its response up. */
  discard(): void {
    this.#transport?.discard();
    this.#transport = undefined;
    this.finish();
  }

  /** Handles the end of the connection. Retries where nothing of a response arrived and the request may be resent. */
  gone(error: TransportError): void {
    const transport = this.#transport;
    if (this.#state === 'done' || transport === undefined) return;
    const failure: Failure = !transport.connected ? 'refused' : transport.reused ? 'stale' : 'died';
    const retryable =
      this.#state !== 'streaming' && (failure === 'refused' || (this.#repeatable && !transport.received));
    if (failure === 'refused' || (failure === 'died' && retryable)) this.#lease?.markUnhealthy();
    if (!retryable || !this.#retries.failed(failure)) return this.rejected(error.code ?? error.message);
    this.#endAttempt();
    this.start();
  }

  /** Fails the request: its response cannot be passed on. */
  rejected(cause: string): void {
    this.fail({ kind: 'gone', cause });
  }

  /** Ends the request: the client closed its connection. */
  left(): void {
    this.fail({ kind: 'left' });
  }

  /** Ends the request with a failure, unless it has ended. */
  fail(failure: UpstreamFailure): void {
    if (this.#state === 'done') return;
    const broken = this.#state === 'streaming' && failure.kind !== 'left';
    this.finish();
    this.#owner.failed(broken ? { kind: 'broken' } : failure);
  }

  readonly #onTimeout = (): void =>
    this.fail(
      this.#awaited === 'client' ? { kind: 'client timed out' } : { kind: 'timed out', limitMs: this.#limitMs },
    );

  /** Returns how long the first byte of the response may take. */
  get #limitMs(): number {
    return this.#lease?.timeoutMs ?? 0;
  }

  #endAttempt(): void {
    this.#options.deadline.setDeadline(0, undefined);
    this.#transport?.abandon();
    this.#transport = undefined;
    this.#lease?.abort();
    this.#lease = undefined;
  }
}

/** Returns the cause that an error reports. */
export const causeOf = (error: unknown, otherwise: string): string =>
  error instanceof Error ? error.message : otherwise;
