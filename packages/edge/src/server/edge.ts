import type { EdgeOptions, EdgeListen, EdgePorts } from './edge-options.ts';
import { Worker } from './worker.ts';

/** One worker of the edge: what receives every request. */
export interface Edge {
  /** Resolves with the ports when requests are served. Rejects when the address is not available. */
  listen(options: EdgeListen): Promise<EdgePorts>;
  /**
   * Takes no new connections, lets what is in flight end for at most `deadlineMs` (default 30 s), then cuts the rest.
   */
  close(deadlineMs?: number): Promise<void>;
  /** Returns the number of requests so far. */
  requests(): number;
}

export function createEdge(options: EdgeOptions): Edge {
  const worker = new Worker(options);
  return {
    listen: (listen) => worker.listen(listen),
    close: (deadlineMs = 30_000) => worker.close(deadlineMs),
    requests: () => worker.requests,
  };
}
