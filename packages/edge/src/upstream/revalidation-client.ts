import type { RevalidationRequest, RevalidationUpstream, RevalidationReader } from '../cache/revalidator.ts';
import type { CacheWriter } from '../cache/cache-writer.ts';
import { NodeTransport, type NodeTransportUser } from '../http1/upstream/node-transport.ts';
import type { TransportError, UpstreamHead } from '../http1/upstream/transport.ts';
import type { EdgeSettings } from '../util/settings.ts';
import { BoundedDeadline } from './deadline.ts';
import type { FunctionPools } from './function-pools.ts';
import type { Lease } from './lease.ts';
import { UpstreamRequest, type UpstreamRequestOwner } from './upstream-request.ts';

/** Revalidation slots are shared by all projects, whatever limit they set themselves. */
const MAX_FIRST_BYTE_MS = 120_000;
/** Limit of a response's total time, as a multiple of the limit for its first byte. */
const TOTAL_TIMES = 2;

type Settings = Pick<EdgeSettings, 'startMs' | 'idleMs' | 'silentMs'>;

/** Sends revalidation requests to functions: bounded in time, over the instances' shared agents. */
export class RevalidationClient implements RevalidationUpstream {
  readonly #pools: FunctionPools;
  readonly #settings: Settings;
  readonly #open = new Set<Revalidation>();

  constructor(pools: FunctionPools, settings: Settings) {
    this.#pools = pools;
    this.#settings = settings;
  }

  async send(request: RevalidationRequest, read: RevalidationReader): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const revalidation = new Revalidation(this.#pools, this.#settings, request, read, resolve);
    this.#open.add(revalidation);
    revalidation.start();
    const whole = await promise;
    this.#open.delete(revalidation);
    return whole;
  }

  close(): void {
    for (const open of this.#open) open.cancel();
  }
}

/** Requests one page for the cache. */
class Revalidation implements UpstreamRequestOwner, NodeTransportUser {
  readonly clientLeft = false;
  readonly #sent: RevalidationRequest;
  readonly #read: RevalidationReader;
  /** Called with whether the response arrived whole. */
  readonly #ended: (whole: boolean) => void;
  readonly #deadline = new BoundedDeadline();
  readonly #request: UpstreamRequest;
  #writer: CacheWriter | undefined;

  constructor(
    pools: FunctionPools,
    settings: Settings,
    sent: RevalidationRequest,
    read: RevalidationReader,
    ended: (whole: boolean) => void,
  ) {
    this.#sent = sent;
    this.#read = read;
    this.#ended = ended;
    const { deploymentId } = sent;
    const deadline = this.#deadline;
    this.#request = new UpstreamRequest({ pools, settings, deploymentId, deadline, repeatable: true }, this);
  }

  start(): void {
    this.#request.start();
  }

  cancel(): void {
    this.#request.left();
  }

  send({ instance, timeoutMs }: Lease, onlyNewConnection: boolean): NodeTransport {
    const { path, headers } = this.#sent;
    const transport = new NodeTransport(
      {
        socketPath: instance.path,
        agent: onlyNewConnection ? false : instance.agent,
        method: 'GET',
        path,
        headers,
      },
      this,
    );
    const firstByteMs = Math.min(timeoutMs, MAX_FIRST_BYTE_MS);
    // A slow upstream must not hold one of the shared revalidation slots.
    this.#deadline.bound(firstByteMs, firstByteMs * TOTAL_TIMES);
    transport.end();
    this.#request.sent();
    return transport;
  }

  /** Nothing waits for hints. */
  interim(): void {}

  head({ status, raw }: UpstreamHead): void {
    this.#writer = this.#read(status, raw);
    this.#request.streaming();
  }

  data(chunk: Buffer): void {
    this.#writer?.write(chunk);
    this.#request.progressed();
  }

  end(): void {
    this.#request.received();
    this.#request.finish();
    this.#writer?.commit();
    this.#ended(true);
  }

  gone(error: TransportError): void {
    this.#request.gone(error);
  }

  rejected(why: string): void {
    this.#request.rejected(why);
  }

  failed(): void {
    this.#writer?.abort();
    this.#ended(false);
  }
}
