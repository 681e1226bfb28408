import { createReadStream } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { acceptedEncodings, chooseEncoding } from '../http/accept-encoding.ts';
import { ifMatch, noneMatch } from '../http/conditional.ts';
import { parseRange } from '../http/range.ts';
import type { Exchange } from '../exchange.ts';
import { HEAD_SLOTS, type Asset, type Part, type Variant } from './asset.ts';
import type { Assets } from './assets.ts';
import { keep, part, type Kept, type Memory } from './memory.ts';

export type SendDeps = Readonly<{
  assets: Assets;
  memory: Memory;
  memoryFileBytes: number;
  /** The bytes can not be read: answers in the edge's own words. */
  missing(exchange: Exchange, blob: string): void;
  finished(exchange: Exchange): void;
}>;

/** Sends files: conditional requests, single ranges, codings, HEAD; small ones from memory in one write, others as a stream. */
export class AssetSender {
  readonly #deps: SendDeps;
  readonly #loading = new Map<string, Promise<Kept | undefined>>();

  constructor(deps: SendDeps) {
    this.#deps = deps;
  }

  /** The bytes of a part of an answer that is put together elsewhere; undefined when they can not be read. */
  async bytes(part: Part): Promise<Buffer | undefined> {
    const kept = part.bytes ?? this.#deps.memory.get(part.blob) ?? (await this.#load(part));
    return typeof kept === 'string' ? Buffer.from(kept, 'latin1') : kept;
  }

  /** `extra` headers, flat, belong to this answer alone (cookies). */
  send(exchange: Exchange, asset: Asset, extra: readonly string[] = []): void {
    const { headers, method } = exchange.req;
    exchange.cache = asset.cache;
    const ranged = headers.range !== undefined && method === 'GET' && asset.status === 200;
    // Ranges are of the plain bytes, so that parts of two codings never meet in one file.
    const variant = ranged ? asset.identity : choose(asset, headers['accept-encoding']);
    const { res } = exchange;
    if (asset.status === 200) {
      const expected = headers['if-match'];
      if (expected !== undefined && !ifMatch(expected, variant.etag)) return this.#bare(exchange, 412, ['content-length', '0'], variant);
      const known = headers['if-none-match'];
      if (known !== undefined && noneMatch(known, variant.etag)) {
        res.writeHead(304, this.#head(variant.notModified, exchange).concat(extra));
        res.end();
        return this.#deps.finished(exchange);
      }
    }
    const kept = variant.bytes ?? this.#deps.memory.get(variant.blob);
    if (kept !== undefined && !ranged && method === 'GET' && extra.length === 0 && res.whole?.(exchange, asset.status, variant, kept) === true) {
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
      if (range.kind === 'unsatisfiable') return this.#bare(exchange, 416, ['content-range', `bytes */${variant.size}`, 'content-length', '0'], variant);
      if (range.kind === 'part') {
        ({ start, end } = range);
        status = 206;
        head[head.indexOf('content-length') + 1] = String(end - start + 1);
        head.push('content-range', `bytes ${start}-${end}/${variant.size}`);
      }
    }
    const length = end - start + 1;
    if (method === 'HEAD' || length <= 0) {
      res.writeHead(status, head);
      res.end();
      return this.#deps.finished(exchange);
    }
    exchange.bytes = length;
    if (kept !== undefined) return this.#whole(exchange, status, head, part(kept, start, end + 1));
    if (variant.size <= this.#deps.memoryFileBytes) {
      void this.#load(variant).then((bytes) => {
        if (res.destroyed) return this.#deps.finished(exchange);
        if (bytes === undefined) return this.#deps.missing(exchange, variant.blob);
        return this.#whole(exchange, status, head, part(bytes, start, end + 1));
      }).catch(() => this.#unsendable(exchange));
      return;
    }
    void this.#stream(exchange, status, head, variant, start, end).catch(() => this.#unsendable(exchange));
  }

  /** A head that can not be written (a status or a header that a project made up) costs this answer, not the worker. */
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
    exchange.res.writeHead(status, ['x-request-id', exchange.requestId, 'x-anchor-deployment', exchange.deploymentId ?? '', 'etag', variant.etag, ...extra]);
    exchange.res.end();
    this.#deps.finished(exchange);
  }

  #whole(exchange: Exchange, status: number, head: string[], bytes: Kept): void {
    exchange.res.writeHead(status, head);
    exchange.res.end(bytes, 'latin1');
    this.#deps.finished(exchange);
  }

  /** Concurrent requests for one file read it once. */
  #load(variant: Part): Promise<Kept | undefined> {
    const loading = this.#loading.get(variant.blob);
    if (loading !== undefined) return loading;
    const promise = readFile(this.#deps.assets.open(variant.blob).path)
      .then((bytes) => {
        // A file of another length is not the blob that the manifest promised.
        if (bytes.length !== variant.size) return undefined;
        const kept = keep(bytes);
        this.#deps.memory.set(variant.blob, kept);
        return kept;
      })
      .catch(() => undefined)
      .finally(() => this.#loading.delete(variant.blob));
    this.#loading.set(variant.blob, promise);
    return promise;
  }

  async #stream(exchange: Exchange, status: number, head: string[], variant: Variant, start: number, end: number): Promise<void> {
    const { res } = exchange;
    const file = await open(this.#deps.assets.open(variant.blob).path, 'r').catch(() => undefined);
    const size = await file?.stat().then((stat) => stat.size).catch(() => undefined);
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
