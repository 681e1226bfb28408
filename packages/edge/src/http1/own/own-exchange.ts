import type { Exchange, Reply } from '../transport.ts';
import type { PrebuiltResponse } from './prebuilt-responses.ts';
import type { Head } from './request-head.ts';

/** 'end': the client half-closed its connection while a response is in flight. */
export type OwnReplyEvent = 'drain' | 'close' | 'finish' | 'end';

/** Writes the response to a request that the edge parsed itself, over HTTP/1.1 or HTTP/2. */
export interface OwnReply extends Reply {
  /** `http1`: a function's body keeps its HTTP/1.1 framing (`writeRaw`). `http2`: `write` gets it without. */
  readonly framing: 'http1' | 'http2';
  /** The prebuilt response that was sent, when it was. */
  readonly sent: PrebuiltResponse | undefined;
  /** Starts a response that brings its own framing; its head leaves with the first bytes. */
  begin(status: number, reason: string, headers: readonly string[], chunked: boolean): void;
  /** Writes bytes of a framed body. False: wait for 'drain'. */
  writeRaw(pieces: readonly (Buffer | string)[]): boolean;
  /** Sets what follows the body, where it has no framing of its own. */
  addTrailers(trailers: [string, string][]): void;
  /** Sends a head that still waits for its first bytes. */
  flush(): void;
  /** Writes an informational response (103); skipped for clients that do not read. */
  writeInformational(status: number, reason: string, raw: readonly string[]): void;
  /** Sets the deadline (ms) after which `onTimeout` runs. Without a callback the connection's stall timeout applies. */
  setDeadline(ms: number, onTimeout: (() => void) | undefined): void;
  on(event: OwnReplyEvent, listener: () => void): void;
  once(event: OwnReplyEvent, listener: () => void): void;
}

export type OwnExchange = Exchange<Head, OwnReply>;
