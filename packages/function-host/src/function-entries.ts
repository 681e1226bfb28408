import { storedManifestSchema, webOf } from '@anchor/core/artifact/manifest.ts';
import type { BlobStore } from '@anchor/core/ports/blob-store.ts';
import { describeIssue } from '@anchor/core/result/issue.ts';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';
import type { FunctionEntry } from '@anchor/protocol/artifact/web/function.ts';

const MAX_CACHED_ENTRIES = 1_000;

/** Function entries of artifacts, cached so that a cold start does not read a large manifest again. */
export class FunctionEntries {
  readonly #blobs: Pick<BlobStore, 'get'>;
  /** By artifact, the least recently used first. Undefined where an artifact consists of files only. */
  readonly #entries = new Map<string, FunctionEntry | undefined>();

  constructor(blobs: Pick<BlobStore, 'get'>) {
    this.#blobs = blobs;
  }

  /** Errors: `artifact_invalid`, and `not_found` where the artifact has no function. */
  async of(artifact: string): Promise<Result<FunctionEntry>> {
    const read = this.#entries.has(artifact) ? ok(this.#entries.get(artifact)) : await this.#read(artifact);
    if (!read.ok) return read;
    this.#entries.delete(artifact);
    this.#entries.set(artifact, read.value);
    for (const oldest of this.#entries.keys())
      if (this.#entries.size > MAX_CACHED_ENTRIES) this.#entries.delete(oldest);
    return read.value === undefined
      ? fail('not_found', 'This deployment has no function', 'It consists of files only: nothing has to be started.')
      : ok(read.value);
  }

  async #read(artifact: string): Promise<Result<FunctionEntry | undefined>> {
    const bytes = await this.#blobs.get(artifact);
    if (bytes === undefined)
      return fail(
        'artifact_invalid',
        "The deployment's manifest is not in the blob store",
        'Deploy again; clean-up may have removed this artifact.',
      );
    const manifest = storedManifestSchema.safeParse(parseJson(bytes));
    if (!manifest.success)
      return fail(
        'artifact_invalid',
        "The deployment's manifest is not valid",
        'Deploy again.',
        describeIssue(manifest.error.issues[0]),
      );
    return ok(webOf(manifest.data)?.function);
  }
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}
