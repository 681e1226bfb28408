/** The head of a function's response, whichever client parsed it. `raw` is flat: name, value, name, value. */
export type UpstreamHead = Readonly<{
  status: number;
  reason: string;
  raw: readonly string[];
  /** The Connection header. */
  connection: string | undefined;
  /** The body is chunked: only such a body can be followed by trailers. */
  chunked: boolean;
}>;

export type TransportError = Error & { code?: string };

/** Sends one request over one connection to an instance: with the edge's own client, or with that of node:http. */
export interface UpstreamTransport {
  /** Whether the instance accepted the connection. */
  readonly connected: boolean;
  /** Whether the connection carried an earlier response: the instance may have just closed it. */
  readonly reused: boolean;
  /** Whether any byte of a response has arrived. */
  readonly received: boolean;
  pause(): void;
  resume(): void;
  /** Discards the body. Its connection is reused where that is possible. */
  discard(): void;
  /** Closes the connection. */
  abandon(): void;
}

/** Receives what a transport reports. After `discard`, `abandon`, `gone` or `rejected` it reports nothing more. */
export interface TransportUser {
  /** Receives an interim response (1xx), within the limit of their number. `raw` is flat. */
  interim(status: number, reason: string, raw: readonly string[]): void;
  /** Handles the end of the connection before the response was complete. */
  gone(error: TransportError): void;
  /** Handles a response that cannot be passed on. */
  rejected(why: string): void;
}

/** More interim responses per request than any server sends. */
export const MAX_INTERIM = 16;
export const TOO_MANY_INTERIM = 'it sends too many interim responses';
export const SWITCHED_PROTOCOLS = 'it switched protocols';
