/** What the load generator is told, as JSON in its first argument. */
export type LoadSpec = Readonly<{
  port: number;
  host: string;
  paths: readonly string[];
  connections: number;
  /** Closed loop: so many requests in total, each connection as fast as it is answered … */
  requests?: number;
  /** … or open loop: a request of each path every `1/perSecond` seconds, whatever the answers do; latency counts from when it was due. */
  perSecond?: number;
  seconds?: number;
  /** Every body must hold exactly one of these. Absent: any body that is not empty. */
  bodies?: readonly string[];
}>;

/**
 * One request: index of its path, when it was sent (milliseconds since the epoch), how long it took, and which of
 * `bodies` it held (-1: it failed, then `failures` says how).
 */
export type Sample = readonly [path: number, sentAt: number, ms: number, body: number];

/** `first`: in an open loop, that the generator came before everything else on the machine. */
export type LoadResult = Readonly<{ samples: readonly Sample[]; failures: Readonly<Record<string, number>>; first: boolean }>;
