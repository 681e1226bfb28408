/** What an edge worker may spend. Times in milliseconds, sizes in bytes. */
export type EdgeSettings = Readonly<{
  /** The whole request head; more is answered 431. */
  maxHeaderBytes: number;
  maxHeaders: number;
  /** A request body; more is answered 413. */
  maxBodyBytes: number;
  /** Until a request head must be complete. */
  headersMs: number;
  /** Request bodies up to this size are read whole before anybody is asked; larger ones are passed on as they come. */
  smallBodyBytes: number;
  /** What such bodies may take of memory, of all connections together. */
  smallBodiesBytes: number;
  /** How long such a body may take to come in; a slower one is passed on as it comes. */
  smallBodyMs: number;
  /** How long an idle client connection is kept. */
  keepAliveMs: number;
  /** How long a request waits for a function to start before it is answered 503. */
  startMs: number;
  /** How long a streamed answer may stand still. */
  idleMs: number;
  /** How many connections with nothing under way may linger after `close` began, so that a client that is just writing is still answered. */
  lingerMs: number;
  /** File bytes kept in memory, and the largest file that is. */
  memoryBytes: number;
  memoryFileBytes: number;
  /** Bytes of functions' answers kept in memory, of all deployments together; the largest is a sixteenth. Copies of answers that are still passing may take a quarter beside. */
  pageBytes: number;
  /** Bytes of manifests (as JSON) kept parsed. */
  manifestBytes: number;
  /** Requests in flight on the least used instance of a function from which more instances are asked for. */
  scaleUpInflight: number;
  /** Instances of a function take turns even when the one used last is at rest. */
  functionTurns: boolean;
  /** Plain requests are read by the edge itself; false leaves every connection to node:http. */
  ownReader: boolean;
  /** Addresses or CIDR blocks whose `x-forwarded-*` and `x-request-id` headers are believed. */
  trustedProxies: readonly string[];
}>;

const MB = 1024 * 1024;

export const DEFAULT_EDGE_SETTINGS: EdgeSettings = {
  maxHeaderBytes: 32 * 1024,
  maxHeaders: 200,
  maxBodyBytes: 100 * MB,
  headersMs: 30_000,
  smallBodyBytes: 64 * 1024,
  smallBodiesBytes: 16 * MB,
  smallBodyMs: 3_000,
  keepAliveMs: 65_000,
  startMs: 30_000,
  idleMs: 300_000,
  lingerMs: 1_000,
  memoryBytes: 64 * MB,
  memoryFileBytes: 256 * 1024,
  pageBytes: 64 * MB,
  manifestBytes: 64 * MB,
  scaleUpInflight: 4,
  functionTurns: false,
  ownReader: true,
  trustedProxies: [],
};

/** How long a connection may stand still with an answer under way: longer than any wait of the edge's own. Who waits longer for a function says so (`Reply.setTimeout`). */
export const stillMs = ({ idleMs, startMs }: EdgeSettings): number => Math.max(idleMs, startMs + 1_000);
