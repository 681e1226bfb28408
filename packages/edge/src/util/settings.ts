/** Limits of an edge worker. Times in milliseconds, sizes in bytes. */
export type EdgeSettings = Readonly<{
  /** The whole request head; larger ones get 431. */
  maxHeaderBytes: number;
  maxHeaders: number;
  /** A request body; larger ones get 413. */
  maxBodyBytes: number;
  /** Time until a request head must be complete. */
  headersMs: number;
  /** Request bodies up to this size are buffered before the request is handled; larger ones are streamed. */
  bufferedBodyBytes: number;
  /** Memory for buffered bodies, of all connections together. */
  bufferedBodiesBytes: number;
  /** Time for a buffered body to arrive; a slower one is streamed. */
  bufferedBodyTimeoutMs: number;
  /** Open client connections: all, and those of one address (except loopback and trusted proxies). */
  maxConnections: number;
  clientConnections: number;
  /** Time until a TLS handshake must be complete, a PROXY header before it included. */
  handshakeMs: number;
  /** TLS handshakes in flight: all, and those of one address (except loopback and trusted proxies). */
  maxHandshakes: number;
  clientHandshakes: number;
  /** TLS contexts in memory, about 50 KB each; one is created at the first connection to a site. */
  tlsContexts: number;
  /** Offers HTTP/2 to clients that connect with TLS. */
  http2: boolean;
  /** Addresses or CIDR blocks that start each connection with a PROXY protocol header; all others must not. */
  proxyProtocolFrom: readonly string[];
  /** Requests to functions that one project may have in flight, WebSockets included. */
  projectInflight: number;
  /** How long an idle client connection is kept open. */
  keepAliveMs: number;
  /** How long a request waits for a function to start before it gets 503. */
  startMs: number;
  /** How long a client may send or read nothing while a request is in flight. */
  idleMs: number;
  /** How long a function may be silent within a response, as event streams are. */
  silentMs: number;
  /**
   * How long idle connections may linger after `close` started, so that a client that is just writing still gets a
   * response.
   */
  shutdownLingerMs: number;
  /** File bytes cached in memory, and the largest file that is. */
  memoryBytes: number;
  memoryFileBytes: number;
  /**
   * Bytes of functions' responses cached in memory, of all deployments together; the largest is a sixteenth. Copies of
   * responses in flight may take a quarter more.
   */
  pageBytes: number;
  /** Bytes of manifests in memory, of all projects together; the project that has most is evicted first. */
  manifestBytes: number;
  /** Requests in flight on the least loaded instance of a function from which more instances are requested. */
  scaleUpInflight: number;
  /** Instances of a function take turns even when the last used one is idle. */
  roundRobinInstances: boolean;
  /** Plain requests are parsed by the edge itself; false leaves every connection to node:http. */
  http1FastPath: boolean;
  /** Serves requests that are identical byte for byte from the response memo (fastpath/); needs http1FastPath. */
  responseMemo: boolean;
  /**
   * Reads all connections into one buffer (http1/own/shared-read.ts), which uses a private handle of node:net; needs
   * http1FastPath.
   */
  sharedReadBuffer: boolean;
  /** Serves HTTP/2 without TLS to clients that start with it, which a proxy in front may do. */
  http2PriorKnowledge: boolean;
  /** Addresses or CIDR blocks whose `x-forwarded-*` and `x-request-id` headers are trusted. */
  trustedProxies: readonly string[];
}>;

const MB = 1024 * 1024;

export const DEFAULT_EDGE_SETTINGS: EdgeSettings = {
  maxHeaderBytes: 64 * 1024,
  maxHeaders: 200,
  maxBodyBytes: 100 * MB,
  headersMs: 30_000,
  bufferedBodyBytes: 64 * 1024,
  bufferedBodiesBytes: 16 * MB,
  bufferedBodyTimeoutMs: 3_000,
  maxConnections: 8_000,
  clientConnections: 1_000,
  handshakeMs: 10_000,
  maxHandshakes: 1_000,
  clientHandshakes: 100,
  tlsContexts: 300,
  http2: true,
  proxyProtocolFrom: [],
  projectInflight: 4_000,
  keepAliveMs: 65_000,
  startMs: 30_000,
  idleMs: 300_000,
  silentMs: 3_600_000,
  shutdownLingerMs: 1_000,
  memoryBytes: 64 * MB,
  memoryFileBytes: 256 * 1024,
  pageBytes: 64 * MB,
  manifestBytes: 64 * MB,
  scaleUpInflight: 4,
  roundRobinInstances: false,
  http1FastPath: true,
  responseMemo: true,
  sharedReadBuffer: true,
  http2PriorKnowledge: false,
  trustedProxies: [],
};

/**
 * Returns how long a connection may stall with a response in flight: longer than any wait of the edge's own. Longer
 * waits for a function are set with `Reply.setTimeout`.
 */
export const stallTimeoutMs = ({ idleMs, startMs }: EdgeSettings): number => Math.max(idleMs, startMs + 1_000);
