import { createHash } from 'node:crypto';
import { availableParallelism } from 'node:os';
import type { FileHandle } from 'node:fs/promises';
import type { Body, StaticFile, Tree } from '@anchor/core/artifact/manifest.ts';
import type { BlobStore } from '@anchor/core/ports/blob-store.ts';
import { anchorError, err, ok, type AnchorError, type Result } from '@anchor/core/result/result.ts';
import { openFound, type Found } from '../run/inside.ts';
import type { BuildLimits } from '../run/limits.ts';
import type { Compressor } from './compressor.ts';
import { spellings, type GuardedSecret } from './guarded-secrets.ts';
import { isCompressible, mediaType } from './media-type.ts';

/** A secret's value was found in a file that browsers get. `path` is the URL path. */
export type Leak = Readonly<{ path: string; secret: GuardedSecret }>;

/**
 * Writes the files of one build's artifact to the blob store: each content once, only what is new, within limits.
 * Throws ArtifactError (caught by the packager) when a limit breaks or a file changed under our hands.
 */
export interface ArtifactStore {
  /** A file that browsers get: with its type and precompressed variants, and looked through for secrets. */
  staticFile(found: Found, urlPath: string, options?: Readonly<{ type?: string; immutable?: boolean; headers?: Readonly<Record<string, string>> }>): Promise<StaticFile>;
  /** A prerendered answer's bytes. */
  body(found: Found, urlPath: string, type: string): Promise<Body>;
  /** A file of a function's tree. */
  treeFile(found: Found): Promise<Readonly<{ blob: string; size: number }>>;
  /** Bytes that the packager itself made. */
  bytes(bytes: Uint8Array): Promise<Readonly<{ blob: string; size: number }>>;
  tree(tree: Tree): Promise<string>;
  readonly leaks: readonly Leak[];
  readonly stats: Readonly<{ files: number; bytes: number; newBlobs: number }>;
}

export class ArtifactError extends Error {
  readonly error: AnchorError;
  constructor(error: AnchorError) {
    super(error.message);
    this.error = error;
  }
}

/** Turns a thrown ArtifactError into an error value; other errors are ours and go on. */
export const packaged = async <T>(work: () => Promise<T>): Promise<Result<T>> => {
  try {
    return ok(await work());
  } catch (error) {
    if (error instanceof ArtifactError) return err(error.error);
    throw error;
  }
};

const WHOLE = 8 << 20;

export function createArtifactStore(options: Readonly<{ blobs: BlobStore; compressor: Compressor; limits: BuildLimits; secrets: readonly GuardedSecret[] }>): ArtifactStore {
  const { blobs, compressor, limits } = options;
  const secrets = options.secrets.map((secret) => ({ secret, forms: spellings(secret.value).map((form) => Buffer.from(form)) }));
  const leaks: Leak[] = [];
  const stats = { files: 0, bytes: 0, newBlobs: 0 };
  const known = new Map<string, Promise<boolean>>();

  const count = (found: Found): void => {
    stats.files++;
    stats.bytes += found.size;
    const refuse = (why: string) => new ArtifactError(anchorError('output_refused', 'The build output is too large', 'Leave out what is not needed to serve, or raise the artifact limits.', why));
    if (found.size > limits.fileMb * 1048576) throw refuse(`"${found.path}" has ${Math.round(found.size / 1048576)} MB; one file may have ${limits.fileMb}.`);
    if (stats.bytes > limits.artifactMb * 1048576) throw refuse(`All files together exceed ${limits.artifactMb} MB.`);
    if (stats.files > limits.artifactFiles) throw refuse(`There are more than ${limits.artifactFiles} files.`);
  };

  const isStored = (hash: string): Promise<boolean> => {
    const answer = known.get(hash) ?? blobs.has(hash);
    known.set(hash, answer);
    return answer;
  };

  const putBytes = async (bytes: Uint8Array): Promise<Readonly<{ blob: string; size: number }>> => {
    const blob = createHash('sha256').update(bytes).digest('hex');
    if (!(await isStored(blob))) {
      await blobs.put(bytes);
      known.set(blob, Promise.resolve(true));
      stats.newBlobs++;
    }
    return { blob, size: bytes.length };
  };

  const opened = async <T>(found: Found, use: (file: FileHandle) => Promise<T>): Promise<T> => {
    const file = await openFound(found);
    if (file === undefined) throw new ArtifactError(anchorError('output_refused', `"${found.path}" is not a plain file`, 'Build again; nothing may change the output after the build ended.'));
    try {
      return await use(file);
    } finally {
      await file.close();
    }
  };

  const readWhole = (found: Found): Promise<Uint8Array> =>
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

  const putLarge = (found: Found): Promise<Readonly<{ blob: string; size: number }>> =>
    opened(found, async (file) => {
      const { hash, size } = await blobs.putStream(file.createReadStream({ autoClose: false, start: 0, end: found.size - 1 }), found.size);
      return { blob: hash, size };
    });

  const look = (bytes: Uint8Array, path: string): void => {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (const { secret, forms } of secrets) if (forms.some((form) => buffer.includes(form))) leaks.push({ path, secret });
  };

  const body = async (found: Found, urlPath: string, type: string): Promise<Body> => {
    count(found);
    if (found.size > WHOLE && !isCompressible(type)) return putLarge(found);
    const bytes = await readWhole(found);
    look(bytes, urlPath);
    const stored = await putBytes(bytes);
    return isCompressible(type) ? { ...stored, ...(await compressor.variants(stored.blob, bytes)) } : stored;
  };

  return {
    leaks, stats, body,
    async staticFile(found, urlPath, file = {}) {
      const type = file.type ?? mediaType(urlPath);
      return { ...(await body(found, urlPath, type)), type, ...(file.immutable === true ? { immutable: true } : {}), ...(file.headers === undefined ? {} : { headers: { ...file.headers } }) };
    },
    async treeFile(found) {
      count(found);
      return found.size > WHOLE ? putLarge(found) : putBytes(await readWhole(found));
    },
    bytes: putBytes,
    async tree(tree) {
      const entries = [...tree.entries].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
      return (await putBytes(new TextEncoder().encode(JSON.stringify({ version: 1, entries })))).blob;
    },
  };
}

/** Runs `work` over items, a few at a time: enough to keep the thread pool busy, not so many that memory fills. */
export async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<void>, width = Math.max(4, availableParallelism() * 2)): Promise<void> {
  let next = 0;
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, async () => {
    while (next < items.length) {
      const item = items[next++];
      if (item !== undefined) await work(item);
    }
  }));
}
