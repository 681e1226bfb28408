/** The specification for the load generator, as JSON in its first argument. */
export type LoadSpec = Readonly<{
  port: number;
  host: string;
  paths: readonly string[];
  connections: number;
  /** Each request on a connection of its own, as most browsers' first ones are. */
  fresh?: boolean;
  /** Closed loop: so many requests in total, each connection as fast as responses arrive … */
  requests?: number;
  /**
   * … or open loop: a request of each path every `1/perSecond` seconds, whatever the responses do; latency counts from
   * when it was due.
   */
  perSecond?: number;
  seconds?: number;
  /** Sent with each request, beside `host`. */
  headers?: Readonly<Record<string, string>>;
  /** Every body must hold exactly one of these. Absent: any body that is not empty. */
  bodies?: readonly string[];
}>;

/**
 * One request: index of its path, time of sending (milliseconds since the epoch), duration, and index of its body in
 * `bodies` (-1: it failed, `failures` has the reason).
 */
export type Sample = readonly [path: number, sentAt: number, ms: number, body: number];

/** `first`: in an open loop, that the generator came before everything else on the machine. */
export type LoadResult = Readonly<{
  samples: readonly Sample[];
  failures: Readonly<Record<string, number>>;
  first: boolean;
}>;
