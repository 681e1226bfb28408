import { Agent } from 'node:http';
import type { Upstream } from '@anchor/core/ports/function-host.ts';
import { IdleConnections } from '../http1/upstream/connection.ts';

type UnixUpstream = Extract<Upstream, { kind: 'unix' }>;

const MAX_IDLE_CONNECTIONS = 64;

/** Represents one instance of a function, with this worker's idle connections to it. */
export class Instance {
  readonly path: string;
  readonly key: string;
  readonly agent = new Agent({
    keepAlive: true,
    maxSockets: Infinity,
    maxFreeSockets: MAX_IDLE_CONNECTIONS,
    scheduling: 'lifo',
  });
  readonly idle = new IdleConnections();
  /** Requests in flight. */
  #inflight = 0;
  #retired = false;

  constructor(upstream: UnixUpstream) {
    this.path = upstream.path;
    this.key = keyOf(upstream);
  }

  get inflight(): number {
    return this.#inflight;
  }

  /** Whether it gets no more requests. */
  get retired(): boolean {
    return this.#retired;
  }

  requestStarted(): void {
    this.#inflight++;
  }

  requestEnded(): void {
    this.#inflight--;
    if (this.#retired && this.#inflight === 0) this.close();
  }

  /** Stops its use for new requests. Those in flight end first. */
  retire(): void {
    this.#retired = true;
    if (this.#inflight === 0) this.close();
  }

  /** Closes its idle connections, and those that become idle. */
  close(): void {
    this.agent.destroy();
    this.idle.destroy();
  }
}

/** Returns the name of an instance: a restarted one may have the same socket. */
export const keyOf = ({ instance, path }: UnixUpstream): string => `${instance}\0${path}`;
