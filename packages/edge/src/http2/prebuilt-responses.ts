import type { PrebuiltResponse } from '../http1/own/prebuilt-responses.ts';
import { httpDate } from '../http1/own/date.ts';
import type { Exchange } from '../http1/transport.ts';
import { HEAD_SLOTS, type Variant } from '../http1/variant.ts';
import type { CachedBytes } from '../util/cached-bytes.ts';
import { FLAG, FRAME, FRAME_HEADER_BYTES, MAX_FRAME_BYTES, writeFrameHeader, writeUint32 } from './frames.ts';
import { maxFieldBytes, writeField, writePatchableField, writeStatus } from './hpack/encoder.ts';
import type { FrameOutput } from './output.ts';
import { hasHeader, type ExtraHeader } from './response-head.ts';

/** Larger bodies are written from where they are cached. */
const MAX_PREBUILT_BODY = 64 * 1024;
/** Length of a request id of the edge's own; one of a trusted proxy may be longer or shorter. */
const ID_LENGTH = 36;
const STREAM_ID_AT = 5;

/**
 * Caches whole responses, framed, for the files requested most. Their header blocks use no dynamic table, so they are
 * the same on every connection. What differs between requests (stream, id, date) is patched in place; then they are
 * copied to the connection's other frames.
 */
export class PrebuiltHttp2Responses {
  readonly #limit: number;
  readonly #responses = new Map<Variant, PrebuiltResponse>();
  #bytes = 0;

  constructor(limitBytes: number) {
    this.#limit = limitBytes;
  }

  /** Returns the response, or undefined when it cannot be prebuilt. */
  find(
    exchange: Exchange,
    status: number,
    variant: Variant,
    content: CachedBytes,
    extra: ExtraHeader | undefined,
  ): PrebuiltResponse | undefined {
    if (exchange.requestId.length !== ID_LENGTH) return undefined;
    const response = this.#responses.get(variant);
    return response !== undefined && response.status === status && response.extra === lineOf(extra)
      ? response
      : this.#make(exchange, status, variant, content, extra);
  }

  /** Writes a response to a stream. Returns false when it is no longer usable. */
  write(
    output: FrameOutput,
    response: PrebuiltResponse,
    streamId: number,
    requestId: string,
    deploymentId: string,
  ): boolean {
    const { bytes } = response;
    if (bytes === undefined || response.deploymentId.length !== deploymentId.length) return false;
    const to = output.reserve(bytes.length);
    const start = output.at;
    const date = httpDate();
    if (response.date !== date) {
      response.date = date;
      bytes.write(date, response.dateAt, 'latin1');
    }
    if (response.deploymentId !== deploymentId) {
      response.deploymentId = deploymentId;
      bytes.write(deploymentId, response.deploymentAt, 'latin1');
    }
    bytes.write(requestId, response.requestIdAt, 'latin1');
    bytes.copy(to, start);
    writeUint32(to, start + STREAM_ID_AT, streamId);
    for (let at = response.dataAt; at < bytes.length; at += FRAME_HEADER_BYTES + MAX_FRAME_BYTES)
      writeUint32(to, start + at + STREAM_ID_AT, streamId);
    output.advance(start + bytes.length);
    return true;
  }

  #make(
    exchange: Exchange,
    status: number,
    variant: Variant,
    content: CachedBytes,
    extra: ExtraHeader | undefined,
  ): PrebuiltResponse | undefined {
    if (content.length > MAX_PREBUILT_BODY || content.length !== variant.size) return undefined;
    const before = this.#responses.get(variant);
    if (before !== undefined) this.#evict(before);
    const head = prebuildHead(exchange, status, withExtra(variant.head, extra), content.length === 0);
    // Longer heads continue in another frame.
    if (head.dataAt > FRAME_HEADER_BYTES + MAX_FRAME_BYTES) return undefined;
    const frames = Math.ceil(content.length / MAX_FRAME_BYTES);
    // Own memory: a slice of the shared pool would retain all of it.
    const bytes = Buffer.allocUnsafeSlow(head.dataAt + frames * FRAME_HEADER_BYTES + content.length);
    head.bytes.copy(bytes, 0, 0, head.dataAt);
    writeBody(bytes, head.dataAt, content);
    const response: PrebuiltResponse = { ...head, bytes, variant, status, extra: lineOf(extra) };
    this.#responses.set(variant, response);
    this.#bytes += bytes.length;
    for (const [oldest, old] of this.#responses) {
      if (this.#bytes <= this.#limit || oldest === variant) break;
      this.#evict(old);
    }
    return response;
  }

  #evict(response: PrebuiltResponse): void {
    const { variant, bytes } = response;
    if (variant === undefined || bytes === undefined) return;
    this.#responses.delete(variant);
    this.#bytes -= bytes.length;
    response.variant = undefined;
    response.bytes = undefined;
  }
}

const lineOf = (extra: ExtraHeader | undefined): string => (extra === undefined ? '' : `${extra.key}: ${extra.value}`);

const withExtra = (head: readonly string[], extra: ExtraHeader | undefined): readonly string[] =>
  extra === undefined || hasHeader(head, extra.key) ? head : [...head, extra.key, extra.value];

/** Returns how many bytes of a window a response takes: its body without the headers of its frames. */
export function windowBytes({ bytes, dataAt }: PrebuiltResponse): number {
  const length = (bytes?.length ?? 0) - dataAt;
  return length - FRAME_HEADER_BYTES * Math.ceil(length / (FRAME_HEADER_BYTES + MAX_FRAME_BYTES));
}

type PrebuiltHead = Omit<PrebuiltResponse, 'bytes' | 'variant' | 'status' | 'extra'> & { bytes: Buffer };

/** Returns the frame of a response's head, and where in it the values of each request are. */
function prebuildHead(exchange: Exchange, status: number, head: readonly string[], endStream: boolean): PrebuiltHead {
  const deploymentId = exchange.deploymentId ?? '';
  const date = httpDate();
  let longest = 256 + exchange.requestId.length + deploymentId.length;
  for (let i = 0; i < head.length; i += 2) longest += maxFieldBytes(head[i] ?? '', head[i + 1] ?? '');
  const bytes = Buffer.allocUnsafe(longest);
  let requestIdAt = 0;
  let deploymentAt = 0;
  let at = writeStatus(bytes, FRAME_HEADER_BYTES, status);
  for (let i = 0; i < head.length; i += 2) {
    const name = (head[i] ?? '').toLowerCase();
    if (i + 1 === HEAD_SLOTS.requestId) {
      at = writePatchableField(bytes, at, name, exchange.requestId);
      requestIdAt = at - exchange.requestId.length;
    } else if (i + 1 === HEAD_SLOTS.deployment) {
      at = writePatchableField(bytes, at, name, deploymentId);
      deploymentAt = at - deploymentId.length;
    } else at = writeField(bytes, at, name, (head[i + 1] ?? '').trim());
  }
  at = writePatchableField(bytes, at, 'date', date);
  const flags = FLAG.endHeaders | (endStream ? FLAG.endStream : 0);
  writeFrameHeader(bytes, 0, at - FRAME_HEADER_BYTES, FRAME.headers, flags, 0);
  return { bytes, dataAt: at, requestIdAt, deploymentAt, deploymentId, date, dateAt: at - date.length };
}

function writeBody(bytes: Buffer, dataAt: number, content: CachedBytes): void {
  let at = dataAt;
  for (let from = 0; from < content.length; from += MAX_FRAME_BYTES) {
    const to = Math.min(content.length, from + MAX_FRAME_BYTES);
    at = writeFrameHeader(bytes, at, to - from, FRAME.data, to === content.length ? FLAG.endStream : 0, 0);
    if (typeof content === 'string') bytes.write(content.slice(from, to), at, 'latin1');
    else content.copy(bytes, at, from, to);
    at += to - from;
  }
}
