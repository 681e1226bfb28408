import { createHash } from 'node:crypto';
import { availableParallelism } from 'node:os';
import type { FileHandle } from 'node:fs/promises';
import type { Tree } from '@anchor/core/artifact/tree.ts';
import type { BlobStore } from '@anchor/core/ports/blob-store.ts';
import { anchorError, err, ok, type AnchorError, type Result } from '@anchor/core/result/result.ts';
import type { Body } from '@anchor/protocol/artifact/body.ts';
import type { StaticFile } from '@anchor/protocol/artifact/web/files.ts';
import { openResolved, type ResolvedEntry } from '../checkout/checkout-fs.ts';
import type { ArtifactLimits } from './limits.ts';
import type { Compressor } from './compressor.ts';
import { encodingsOf, type ScannedSecret } from './secret-scan.ts';
import { isCompressible, mediaType } from './media-type.ts';

/** A secret's value was found in a file that browsers get. `path` is the URL path. */
export type Leak = Readonly<{ path: string; secret: ScannedSecret }>;

/**
 * Writes the files of one build's artifact to the blob store: each content once, only what is new, within limits.
 * Throws ArtifactError (caught by the packager) when a limit breaks or a file changed under our hands.
 */
export interface ArtifactStore {
  /** Stores a file for browsers: with its type and compressed variants, and scanned for secrets. */
  staticFile(
    found: ResolvedEntry,
    urlPath: string,
    options?: Readonly<{ type?: string; immutable?: boolean; headers?: Readonly<Record<string, string>> }>,
  ): Promise<StaticFile>;
  /** Stores the bytes of a prerendered response. */
  body(found: ResolvedEntry, urlPath: string, type: string): Promise<Body>;
  /** Stores a file of a function's tree. */
  treeFile(found: ResolvedEntry): Promise<Readonly<{ blob: string; size: number }>>;
  /** Stores bytes that the packager itself produced. */
  bytes(bytes: Uint8Array): Promise<Readonly<{ blob: string; size: number }>>;
  tree(tree: Tree): Promise<string>;
  readonly leaks: readonly Leak[];
  readonly limits: ArtifactLimits;
  readonly stats: Readonly<{ files: number; bytes: number }>;
}

export class ArtifactError extends Error {
  readonly error: AnchorError;
  constructor(error: AnchorError) {
    super(error.message);
    this.error = error;
  }
}

/** Converts a thrown ArtifactError to an error value; other errors are faults of the platform and are rethrown. */
export const catchArtifactError = async <T>(work: () => Promise<T>): Promise<Result<T>> => {
  try {
    return ok(await work());
  } catch (error) {
    if (error instanceof ArtifactError) return err(error.error);
    throw error;
  }
};

const MAX_BUFFERED_BYTES = 8 << 20;

type StoreOptions = Readonly<{
  blobs: BlobStore;
  compressor: Compressor;
  limits: ArtifactLimits;
  secrets: readonly ScannedSecret[];
}>;
type Stored = Readonly<{ blob: string; size: number }>;
type StaticFileOptions = NonNullable<Parameters<ArtifactStore['staticFile']>[2]>;

export const createArtifactStore = (options: StoreOptions): ArtifactStore => new BlobArtifactStore(options);

class BlobArtifactStore implements ArtifactStore {
  readonly leaks: Leak[] = [];
  readonly limits: ArtifactLimits;
  readonly stats = { files: 0, bytes: 0 };
  readonly #blobs: BlobStore;
  readonly #compressor: Compressor;
  readonly #secrets: readonly Readonly<{ secret: ScannedSecret; forms: readonly Buffer[] }>[];
  readonly #known = new Map<string, Promise<boolean>>();

  constructor({ blobs, compressor, limits, secrets }: StoreOptions) {
    this.limits = limits;
    this.#blobs = blobs;
    this.#compressor = compressor;
    this.#secrets = secrets.map((secret) => ({
      secret,
      forms: encodingsOf(secret.value).map((form) => Buffer.from(form)),
    }));
  }

  async staticFile(found: ResolvedEntry, urlPath: string, file: StaticFileOptions = {}): Promise<StaticFile> {
    const type = file.type ?? mediaType(urlPath);
    return {
      ...(await this.body(found, urlPath, type)),
      type,
      ...(file.immutable === true ? { immutable: true } : {}),
      ...(file.headers === undefined ? {} : { headers: { ...file.headers } }),
    };
  }

  async body(found: ResolvedEntry, urlPath: string, type: string): Promise<Body> {
    this.#count(found);
    if (found.size > MAX_BUFFERED_BYTES && !isCompressible(type)) return this.#putLarge(found);
    const bytes = await readWhole(found);
    this.#scanForSecrets(bytes, urlPath);
    const stored = await this.bytes(bytes);
    return isCompressible(type) ? { ...stored, ...(await this.#compressor.variants(stored.blob, bytes)) } : stored;
  }

  async treeFile(found: ResolvedEntry): Promise<Stored> {
    this.#count(found);
    return found.size > MAX_BUFFERED_BYTES ? this.#putLarge(found) : this.bytes(await readWhole(found));
  }

  async bytes(bytes: Uint8Array): Promise<Stored> {
    const blob = createHash('sha256').update(bytes).digest('hex');
    if (!(await this.#isStored(blob))) {
      await this.#blobs.put(bytes);
      this.#known.set(blob, Promise.resolve(true));
    }
    return { blob, size: bytes.length };
  }

  async tree(tree: Tree): Promise<string> {
    const entries = [...tree.entries].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
    return (await this.bytes(new TextEncoder().encode(JSON.stringify({ version: 1, entries })))).blob;
  }

  #count(found: ResolvedEntry): void {
    const { limits, stats } = this;
    stats.files++;
    stats.bytes += found.size;
    if (found.size > limits.fileMb * 1048576)
      throw tooLarge(`"${found.path}" has ${Math.round(found.size / 1048576)} MB; one file may have ${limits.fileMb}.`);
    if (stats.bytes > limits.artifactMb * 1048576) throw tooLarge(`All files together exceed ${limits.artifactMb} MB.`);
    if (stats.files > limits.artifactFiles) throw tooLarge(`There are more than ${limits.artifactFiles} files.`);
  }

  #isStored(hash: string): Promise<boolean> {
    const stored = this.#known.get(hash) ?? this.#blobs.has(hash);
    this.#known.set(hash, stored);
    return stored;
  }

  #putLarge(found: ResolvedEntry): Promise<Stored> {
    return opened(found, async (file) => {
      const { hash, size } = await this.#blobs.putStream(
        file.createReadStream({ autoClose: false, start: 0, end: found.size - 1 }),
        found.size,
      );
      return { blob: hash, size };
    });
  }

  #scanForSecrets(bytes: Uint8Array, path: string): void {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (const { secret, forms } of this.#secrets)
      if (forms.some((form) => buffer.includes(form))) this.leaks.push({ path, secret });
  }
}

const tooLarge = (why: string): ArtifactError =>
  new ArtifactError(
    anchorError(
      'output_refused',
      'The build output is too large',
      'Remove files that are not served, or raise the artifact limits.',
      why,
    ),
  );

async function opened<T>(found: ResolvedEntry, use: (file: FileHandle) => Promise<T>): Promise<T> {
  const file = await openResolved(found);
  if (file === undefined)
    throw new ArtifactError(
      anchorError(
        'output_refused',
        `"${found.path}" is not a plain file`,
        'Run `anchor redeploy`; no process may change the output after the build.',
      ),
    );
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}

const readWhole = (found: ResolvedEntry): Promise<Uint8Array> =>
  opened(found, async (file) => {
    // Never more than was counted, whatever the file became since.
    const buffer = Buffer.allocUnsafe(found.size);
    let at = 0;
    while (at < buffer.length) {
      const { bytesRead } = await file.read(buffer, at, buffer.length - at, at);
      if (bytesRead === 0) break;
      at += bytesRead;
    }
    return buffer.subarray(0, at);
  });

/** Runs `work` over items, a few at a time: enough to keep the thread pool busy, not so many that memory fills. */
export async function inParallel<T>(
  items: readonly T[],
  work: (item: T) => Promise<void>,
  width = Math.max(4, availableParallelism() * 2),
): Promise<void> {
  let next = 0;
  await Promise.all(
    Array.from({ length: Math.min(width, items.length) }, async () => {
      while (next < items.length) {
        const item = items[next++];
        if (item !== undefined) await work(item);
      }
    }),
  );
}
