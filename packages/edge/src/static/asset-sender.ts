import { createReadStream } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { DEPLOYMENT_HEADER } from '@anchor/protocol/headers.ts';
import { acceptedEncodings, chooseEncoding } from '../http/accept-encoding.ts';
import { ifMatch, noneMatch } from '../http/conditional.ts';
import { parseRange } from '../http/range.ts';
import type { Exchange } from '../http1/transport.ts';
import type { Asset, Part } from './asset.ts';
import { HEAD_SLOTS, type Variant } from '../http1/variant.ts';
import type { Assets } from './assets.ts';
import type { FileCache } from './file-cache.ts';
import { toCachedBytes, sliceBytes, type CachedBytes } from '../util/cached-bytes.ts';

export type SendDeps = Readonly<{
  assets: Assets;
  fileCache: FileCache;
  memoryFileBytes: number;
  /** Writes an error response of the edge's own when the bytes cannot be read. */
  missing(exchange: Exchange, blob: string): void;
  finished(exchange: Exchange): void;
}>;

/** What of a variant is sent. `end` is the last byte. */
type Selection = Readonly<{ status: number; head: string[]; variant: Variant; start: number; end: number }>;

/**
 * Sends files: conditional requests, single ranges, codings, HEAD; small ones from memory in one write, others as a
 * stream.
 */
export class AssetSender {
  readonly #deps: SendDeps;
  readonly #loading = new Map<string, Promise<CachedBytes | undefined>>();

  constructor(deps: SendDeps) {
    this.#deps = deps;
  }

  /**
   * Reads the bytes of a part of a response that is assembled elsewhere. Returns undefined when they cannot be read.
   */
  async bytes(part: Part): Promise<Buffer | undefined> {
    const content = part.bytes ?? this.#deps.fileCache.get(part.blob) ?? (await this.#load(part));
    return typeof content === 'string' ? Buffer.from(content, 'latin1') : content;
  }

  /** Sends an asset. `extra` headers, flat, belong to this response alone (cookies). */
  send(exchange: Exchange, asset: Asset, extra: readonly string[] = []): void {
    const { headers, method } = exchange.req;
    exchange.cache = asset.cache;
    const ranged = headers.range !== undefined && method === 'GET' && asset.status === 200;
    // Ranges are of the plain bytes, so that parts of two codings never meet in one file.
    const variant = ranged ? asset.identity : choose(asset, headers['accept-encoding']);
    const { res } = exchange;
    if (asset.status === 200) {
      const expected = headers['if-match'];
      if (expected !== undefined && !ifMatch(expected, variant.etag))
        return this.#bare(exchange, 412, ['content-length', '0'], variant);
      const known = headers['if-none-match'];
      if (known !== undefined && noneMatch(known, variant.etag)) {
        res.writeHead(304, this.#head(variant.notModified, exchange).concat(extra));
        res.end();
        return this.#deps.finished(exchange);
      }
    }
    const content = variant.bytes ?? this.#deps.fileCache.get(variant.blob);
    if (
      content !== undefined &&
      !ranged &&
      method === 'GET' &&
      extra.length === 0 &&
      res.sendPrebuilt?.(exchange, asset.status, variant, content) === true
    ) {
      exchange.bytes = variant.size;
      return this.#deps.finished(exchange);
    }
    let start = 0;
    let end = variant.size - 1;
    let status = asset.status;
    let head = this.#head(variant.head, exchange);
    if (extra.length > 0) head = head.concat(extra);
    if (ranged && (headers['if-range'] === undefined || headers['if-range'] === variant.etag)) {
      const range = parseRange(headers.range, variant.size);
      if (range.kind === 'unsatisfiable')
        return this.#bare(exchange, 416, ['content-range', `bytes */${variant.size}`, 'content-length', '0'], variant);
      if (range.kind === 'part') {
        ({ start, end } = range);
        status = 206;
        head[head.indexOf('content-length') + 1] = String(end - start + 1);
        head.push('content-range', `bytes ${start}-${end}/${variant.size}`);
      }
    }
    this.#sendBytes(exchange, { status, head, variant, start, end }, content);
  }

  /** Sends a range of a variant's bytes: from memory, or from the file. */
  #sendBytes(exchange: Exchange, { status, head, variant, start, end }: Selection, content?: CachedBytes): void {
    const { res } = exchange;
    const length = end - start + 1;
    if (exchange.req.method === 'HEAD' || length <= 0) {
      res.writeHead(status, head);
      res.end();
      return this.#deps.finished(exchange);
    }
    exchange.bytes = length;
    if (content !== undefined) return this.#whole(exchange, status, head, sliceBytes(content, start, end + 1));
    if (variant.size <= this.#deps.memoryFileBytes) {
      void this.#load(variant)
        .then((bytes) => {
          if (res.destroyed) return this.#deps.finished(exchange);
          if (bytes === undefined) return this.#deps.missing(exchange, variant.blob);
          return this.#whole(exchange, status, head, sliceBytes(bytes, start, end + 1));
        })
        .catch(() => this.#unsendable(exchange));
      return;
    }
    void this.#stream(exchange, status, head, variant, start, end).catch(() => this.#unsendable(exchange));
  }

  /**
   * Fails this response, not the worker, when its head cannot be written (a status or a header that a project made up).
   */
  #unsendable(exchange: Exchange): void {
    exchange.res.destroy();
    this.#deps.finished(exchange);
  }

  #head(template: readonly string[], exchange: Exchange): string[] {
    const head = template.slice();
    head[HEAD_SLOTS.requestId] = exchange.requestId;
    head[HEAD_SLOTS.deployment] = exchange.deploymentId ?? '';
    return head;
  }

  #bare(exchange: Exchange, status: number, extra: readonly string[], variant: Variant): void {
    exchange.res.writeHead(status, [
      'x-request-id',
      exchange.requestId,
      DEPLOYMENT_HEADER,
      exchange.deploymentId ?? '',
      'etag',
      variant.etag,
      ...extra,
    ]);
    exchange.res.end();
    this.#deps.finished(exchange);
  }

  #whole(exchange: Exchange, status: number, head: string[], bytes: CachedBytes): void {
    exchange.res.writeHead(status, head);
    exchange.res.end(bytes, 'latin1');
    this.#deps.finished(exchange);
  }

  /** Loads a file; concurrent requests read it once. */
  #load(variant: Part): Promise<CachedBytes | undefined> {
    const loading = this.#loading.get(variant.blob);
    if (loading !== undefined) return loading;
    const promise = readFile(this.#deps.assets.open(variant.blob).path)
      .then((bytes) => {
        // A file of another length is not the blob that the manifest promised.
        if (bytes.length !== variant.size) return undefined;
        const content = toCachedBytes(bytes);
        this.#deps.fileCache.set(variant.blob, content);
        return content;
      })
      .catch(() => undefined)
      .finally(() => this.#loading.delete(variant.blob));
    this.#loading.set(variant.blob, promise);
    return promise;
  }

  async #stream(
    exchange: Exchange,
    status: number,
    head: string[],
    variant: Variant,
    start: number,
    end: number,
  ): Promise<void> {
    const { res } = exchange;
    const file = await open(this.#deps.assets.open(variant.blob).path, 'r').catch(() => undefined);
    const size = await file
      ?.stat()
      .then((stat) => stat.size)
      .catch(() => undefined);
    if (file === undefined || size !== variant.size) {
      await file?.close().catch(() => undefined);
      return this.#deps.missing(exchange, variant.blob);
    }
    if (res.destroyed) {
      await file.close().catch(() => undefined);
      return this.#deps.finished(exchange);
    }
    const stream = createReadStream('', { fd: file, start, end, highWaterMark: 256 * 1024 });
    let sent = 0;
    stream.once('error', () => res.destroy());
    res.once('close', () => {
      stream.destroy();
      exchange.bytes = sent;
      this.#deps.finished(exchange);
    });
    res.writeHead(status, head);
    stream.on('data', (chunk) => {
      if (typeof chunk === 'string') return;
      sent += chunk.length;
      if (!res.write(chunk)) stream.pause();
    });
    res.on('drain', () => stream.resume());
    stream.once('end', () => res.end());
  }
}

function choose(asset: Asset, header: string | undefined): Variant {
  if (header === undefined || (asset.br === undefined && asset.gzip === undefined)) return asset.identity;
  const encoding = chooseEncoding(acceptedEncodings(header), asset);
  return (encoding === 'identity' ? undefined : asset[encoding]) ?? asset.identity;
}
