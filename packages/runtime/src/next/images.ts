/** `/_next/image`, by the image optimizer of the app's own Next, with results on the disk that all processes share. */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { parse as parseQuery } from 'node:querystring';
import type { CacheMetadata } from '@anchor/protocol/cache-metadata.ts';
import { environment } from '../process/environment.ts';
import type { FunctionFiles } from '../routing/description.ts';
import { setCacheMetadataHeader } from '../cache/render-context.ts';

type Upstream = {
  buffer: Buffer;
  contentType: string | null | undefined;
  cacheControl: string | null | undefined;
  etag: string;
};
type Parameters = {
  href: string;
  isAbsolute: boolean;
  isStatic: boolean;
  width: number;
  quality: number;
  mimeType: string;
};
type Cached = {
  value?: { buffer: Buffer; extension: string; etag: string } | null;
  isStale?: boolean | -1;
  cacheControl?: { revalidate?: number };
} | null;
type Optimizer = {
  ImageOptimizerCache: {
    new (options: Record<string, unknown>): {
      get(key: string): Promise<Cached>;
      set(key: string, value: unknown, options: unknown): Promise<void>;
    };
    validateParams(
      request: IncomingMessage,
      query: unknown,
      config: unknown,
      isDev: boolean,
    ): Parameters | { errorMessage: string };
    getCacheKey(parameters: Parameters): string;
  };
  ImageError: new (...args: never[]) => Error & { statusCode: number };
  fetchExternalImage(href: string, ...rest: unknown[]): Promise<Upstream>;
  fetchInternalImage(
    href: string,
    request: IncomingMessage,
    response: ServerResponse,
    ...rest: unknown[]
  ): Promise<Upstream>;
  imageOptimizer(
    upstream: Upstream,
    parameters: Parameters,
    config: unknown,
    options: Record<string, unknown>,
  ): Promise<{ buffer: Buffer; contentType: string; maxAge: number; etag: string; upstreamEtag: string }>;
  sendResponse(...args: unknown[]): void;
};
type Handle = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** Next's optimizer with the app's configuration. */
type Parts = Readonly<{
  optimizer: Optimizer;
  config: Record<string, unknown>;
  images: Record<string, unknown>;
  cache: InstanceType<Optimizer['ImageOptimizerCache']>;
  extensionOf: (type: string) => string;
}>;

export class Images {
  readonly #files: FunctionFiles;
  readonly #cacheDir: string | undefined;
  readonly #waitUntil: (work: Promise<unknown>) => void;
  readonly #handle: Handle;
  readonly #running = new Map<string, Promise<NonNullable<Cached>>>();
  #parts: Parts | undefined;

  /** `handle` serves requests of this app: for images that a route generates. */
  constructor(
    files: FunctionFiles,
    cacheDir: string | undefined,
    waitUntil: (work: Promise<unknown>) => void,
    handle: Handle,
  ) {
    this.#files = files;
    this.#cacheDir = cacheDir;
    this.#waitUntil = waitUntil;
    this.#handle = handle;
  }

  /** Returns false when the app has no optimizer. */
  async serve(request: IncomingMessage, response: ServerResponse, url: URL): Promise<boolean> {
    const { images: settings } = this.#files.description.config;
    if (settings === undefined || settings['unoptimized'] === true || (settings['loader'] ?? 'default') !== 'default')
      return false;
    const parts = (this.#parts ??= this.#load());
    const { optimizer, config } = parts;
    const query = parseQuery(url.search.slice(1));
    const parameters = optimizer.ImageOptimizerCache.validateParams(request, query, config, false);
    if ('errorMessage' in parameters) return refuse(response, 400, parameters.errorMessage);
    try {
      await this.#send(parts, parameters, request, response);
      return true;
    } catch (cause) {
      if (cause instanceof optimizer.ImageError) return refuse(response, cause.statusCode, cause.message);
      throw cause;
    }
  }

  async #send(parts: Parts, parameters: Parameters, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { optimizer, images, cache } = parts;
    const key = optimizer.ImageOptimizerCache.getCacheKey(parameters);
    const cached = await cache.get(key).catch(() => null);
    const usable = cached?.value !== undefined && cached.value !== null && cached.isStale !== -1;
    const optimize = (): Promise<NonNullable<Cached>> =>
      this.#optimize(parts, key, parameters, cached, request, response);
    if (usable && cached.isStale === true) this.#waitUntil(optimize());
    const entry = usable ? cached : await optimize();
    const { value } = entry;
    if (value === undefined || value === null) throw new Error('The image optimizer gave no image');
    const made = await madeOfImage(this.#cacheDir, key, Number(images['minimumCacheTTL']));
    setCacheMetadataHeader(response, made, undefined);
    optimizer.sendResponse(
      request,
      response,
      parameters.href,
      value.extension,
      value.buffer,
      etagOf(value.buffer),
      parameters.isStatic,
      !usable ? 'MISS' : cached.isStale === true ? 'STALE' : 'HIT',
      images,
      entry.cacheControl?.revalidate ?? 0,
      false,
    );
  }

  #load(): Parts {
    const files = this.#files;
    const optimizer: Optimizer = files.require('next/dist/server/image-optimizer');
    const config = JSON.parse(JSON.stringify(files.require(join(files.distDir, 'required-server-files.json')).config));
    const cache = new optimizer.ImageOptimizerCache({
      distDir: this.#cacheDir ?? environment['TMPDIR'] ?? '/tmp',
      nextConfig: config,
    });
    if (this.#cacheDir !== undefined) Reflect.set(cache, 'cacheDir', join(this.#cacheDir, 'images'));
    const { getExtension } = files.require('next/dist/server/serve-static');
    return { optimizer, config, images: config.images, cache, extensionOf: getExtension };
  }

  /** Optimizes an image, once for all requests that need it at the same time. */
  #optimize(
    parts: Parts,
    key: string,
    parameters: Parameters,
    previous: Cached,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<NonNullable<Cached>> {
    const same = this.#running.get(key);
    if (same !== undefined) return same;
    const { optimizer, config, images, cache, extensionOf } = parts;
    const making = (async (): Promise<NonNullable<Cached>> => {
      const upstream = await fetchImage(this.#files, optimizer, images, parameters, request, response, this.#handle);
      const { buffer, contentType, maxAge, etag, upstreamEtag } = await optimizer.imageOptimizer(
        upstream,
        parameters,
        config,
        { isDev: false, previousCacheEntry: previous },
      );
      const value = { kind: 'IMAGE', buffer, etag, extension: extensionOf(contentType), upstreamEtag };
      const cacheControl = { revalidate: maxAge, expire: undefined };
      await cache
        .set(key, value, { cacheControl, revalidate: maxAge })
        .catch((cause: unknown) => console.warn('An optimized image could not be kept:', cause));
      return { value, cacheControl };
    })().finally(() => this.#running.delete(key));
    this.#running.set(key, making);
    return making;
  }
}

/**
 * Returns the same entity tag that the edge gives to its cached images, so that a browser sees one tag whichever
 * responds.
 */
const etagOf = (bytes: Uint8Array): string => `"${createHash('sha256').update(bytes).digest('hex').slice(0, 32)}"`;

/**
 * Returns when the stored image was generated and how long it may be used: Next stores that in the name of its file.
 */
async function madeOfImage(
  cacheDir: string | undefined,
  key: string,
  leastSeconds: number,
): Promise<CacheMetadata | undefined> {
  if (cacheDir === undefined) return undefined;
  const [name = ''] = await readdir(join(cacheDir, 'images', key)).catch(() => []);
  const [maxAge, expireAt] = name.split('.', 2).map(Number);
  if (maxAge === undefined || expireAt === undefined || !(expireAt > 0)) return undefined;
  const seconds = Math.max(maxAge, leastSeconds || 0);
  return seconds > 0
    ? { group: `image ${key}`, at: expireAt - seconds * 1000, revalidate: seconds, expire: undefined, tags: [] }
    : undefined;
}

async function fetchImage(
  files: FunctionFiles,
  optimizer: Optimizer,
  images: Record<string, unknown>,
  parameters: Parameters,
  request: IncomingMessage,
  response: ServerResponse,
  handle: Handle,
): Promise<Upstream> {
  const { href, isAbsolute } = parameters;
  if (isAbsolute)
    return optimizer.fetchExternalImage(
      href,
      images['dangerouslyAllowLocalIP'],
      images['maximumResponseBody'],
      images['maximumRedirects'],
    );
  const own = files.description.imageFiles[decodePath(href)];
  if (own === undefined)
    return optimizer.fetchInternalImage(href, request, response, images['maximumResponseBody'], handle);
  const buffer = await readFile(join(files.root, own));
  // The file is the deployment's: it never changes, so the optimizer's own minimum decides how long a result is kept.
  return {
    buffer,
    contentType: undefined,
    cacheControl: undefined,
    etag: `${files.description.builtAt.toString(36)}-${buffer.length.toString(36)}`,
  };
}

const decodePath = (href: string): string => {
  const path = href.split(/[?#]/, 1)[0] ?? '';
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
};

function refuse(response: ServerResponse, status: number, message: string): true {
  response.statusCode = status >= 400 ? status : 400;
  response.setHeader('content-type', 'text/plain; charset=utf-8');
  response.end(message);
  return true;
}
