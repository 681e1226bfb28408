import { STATUS_CODES } from 'node:http';
import { HEAD_SLOTS, type Variant } from '../variant.ts';
import type { CachedBytes } from '../../util/cached-bytes.ts';
import type { Exchange } from '../transport.ts';
import { httpDate } from './date.ts';

/**
 * A whole response, head and body. Without `bytes` and `variant` it is no longer usable: holders do not keep its
 * memory.
 */
export type PrebuiltResponse = {
  bytes: Buffer | undefined;
  variant: Variant | undefined;
  readonly status: number;
  /** A header line beside those of the variant, or an empty string. */
  readonly extra: string;
  readonly requestIdAt: number;
  readonly dateAt: number;
  date: string;
  readonly deploymentAt: number;
  deploymentId: string;
  /** Where the body starts; over HTTP/2 its first frame. */
  readonly dataAt: number;
};

/** Larger bodies are written from where they are cached. */
const MAX_BODY = 64 * 1024;
/** Length of a request id of the edge's own; one of a trusted proxy may be longer or shorter. */
const ID_LENGTH = 36;

/**
 * Caches whole responses, head and body in one buffer, for the files requested most. What differs between requests (id,
 * date) is patched in place.
 */
export class PrebuiltResponses {
  readonly #limit: number;
  readonly #keepAliveSeconds: number;
  readonly #responses = new Map<Variant, PrebuiltResponse>();
  #bytes = 0;

  constructor(limitBytes: number, keepAliveSeconds: number) {
    this.#limit = limitBytes;
    this.#keepAliveSeconds = keepAliveSeconds;
  }

  /** Returns the response for a keep-alive connection. Undefined when it cannot be prebuilt. */
  find(
    exchange: Exchange,
    status: number,
    variant: Variant,
    content: CachedBytes,
    extra: string,
  ): PrebuiltResponse | undefined {
    if (exchange.requestId.length !== ID_LENGTH) return undefined;
    const response = this.#responses.get(variant);
    return response !== undefined && response.status === status && response.extra === extra
      ? response
      : this.#make(exchange, status, variant, content, extra);
  }

  /** Returns its bytes for one request, valid until the next call. `requestId` has the length of the edge's own ids. */
  bytes(response: PrebuiltResponse, requestId: string, deploymentId: string): Buffer | undefined {
    const { bytes } = response;
    if (bytes === undefined) return undefined;
    bytes.write(requestId, response.requestIdAt, 'latin1');
    const date = httpDate();
    if (response.date !== date) {
      response.date = date;
      bytes.write(date, response.dateAt, 'latin1');
    }
    if (response.deploymentId !== deploymentId) {
      if (response.deploymentId.length !== deploymentId.length) return undefined;
      response.deploymentId = deploymentId;
      bytes.write(deploymentId, response.deploymentAt, 'latin1');
    }
    return bytes;
  }

  /** Gives up ownership of the bytes: a socket still reads from them. */
  detach(response: PrebuiltResponse): void {
    const { variant, bytes } = response;
    if (variant === undefined || bytes === undefined) return;
    this.#responses.delete(variant);
    this.#bytes -= bytes.length;
    response.variant = undefined;
    response.bytes = undefined;
  }

  #make(
    exchange: Exchange,
    status: number,
    variant: Variant,
    content: CachedBytes,
    extra: string,
  ): PrebuiltResponse | undefined {
    if (content.length > MAX_BODY || content.length !== variant.size) return undefined;
    const before = this.#responses.get(variant);
    if (before !== undefined) this.detach(before);
    let head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'unknown'}\r\n`;
    let requestIdAt = 0;
    let deploymentAt = 0;
    const deploymentId = exchange.deploymentId ?? '';
    for (let i = 0; i < variant.head.length; i += 2) {
      head += `${variant.head[i]}: `;
      if (i + 1 === HEAD_SLOTS.requestId) requestIdAt = head.length;
      if (i + 1 === HEAD_SLOTS.deployment) deploymentAt = head.length;
      head += `${i + 1 === HEAD_SLOTS.requestId ? exchange.requestId : i + 1 === HEAD_SLOTS.deployment ? deploymentId : variant.head[i + 1]}\r\n`;
    }
    if (extra !== '' && !names(variant.head, extra.slice(0, extra.indexOf(':')))) head += extra;
    const date = httpDate();
    const dateAt = head.length + 'Date: '.length;
    head += `Date: ${date}\r\nConnection: keep-alive\r\nKeep-Alive: timeout=${this.#keepAliveSeconds}\r\n\r\n`;
    // Own memory: a slice of the shared pool would retain all of it.
    const bytes = Buffer.allocUnsafeSlow(head.length + content.length);
    bytes.write(head, 0, 'latin1');
    if (typeof content === 'string') bytes.write(content, head.length, 'latin1');
    else content.copy(bytes, head.length);
    const response: PrebuiltResponse = {
      bytes,
      variant,
      status,
      extra,
      requestIdAt,
      dateAt,
      date,
      deploymentAt,
      deploymentId,
      dataAt: head.length,
    };
    this.#responses.set(variant, response);
    this.#bytes += bytes.length;
    for (const [oldest, old] of this.#responses) {
      if (this.#bytes <= this.#limit || oldest === variant) break;
      this.detach(old);
    }
    return response;
  }
}

const names = (head: readonly string[], header: string): boolean =>
  head.some((text, i) => i % 2 === 0 && text.toLowerCase() === header.toLowerCase());
