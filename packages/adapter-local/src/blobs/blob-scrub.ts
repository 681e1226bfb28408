import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Ports } from '@anchor/core/ports/ports.ts';
import { MAX_TRIES } from '@anchor/core/records/failed-record.ts';
import type { RecordHandler } from '@anchor/core/records/redrive.ts';
import { fail, ok } from '@anchor/core/result/result.ts';
import { ownerOfBlob } from '@anchor/core/retention/owner-of-blob.ts';
import type { LocalBlobStore } from './blob-store.ts';
import { hasErrorCode } from '@anchor/core/result/has-error-code.ts';

export type ScrubOptions = Readonly<{
  directory: string;
  blobs: LocalBlobStore;
  ports: Pick<Ports, 'projects' | 'deployments' | 'blobs' | 'failedRecords' | 'facts' | 'clock'>;
  bytesPerSecond: number;
  report: (message: string) => void;
}>;

const KIND = 'blob';
/** Directory of damaged blobs: they are not served, and an operator can inspect them. */
const DAMAGED = 'damaged';
/** The folder that was read last, so that a restart continues behind it. */
const CURSOR = 'scrub-cursor';
const CHUNK_BYTES = 256 * 1_024;

/**
 * Reads every blob again at a bounded rate and compares it with its name. A damaged one is moved aside, listed, and not
 * served any more. The next build that produces the same file stores it again, which removes it from the list.
 */
export class BlobScrub {
  readonly #options: ScrubOptions;

  constructor(options: ScrubOptions) {
    this.#options = options;
  }

  /**
   * Makes one pass over all blobs, from where the last one was interrupted. Returns how many were read and how many are
   * damaged.
   */
  async pass(signal: AbortSignal): Promise<Readonly<{ read: number; damaged: number }>> {
    const { directory, ports } = this.#options;
    await this.#healed();
    const from = (await ports.facts.get(CURSOR)) ?? '';
    const found = { read: 0, damaged: 0 };
    for (const folder of (await readdir(directory).catch(() => [])).sort()) {
      if (!/^[0-9a-f]{2}$/.test(folder) || folder <= from) continue;
      for (const hash of await readdir(join(directory, folder)).catch(() => [])) {
        if (signal.aborted) return found;
        const sound = await this.#isSound(hash, signal);
        found.read++;
        // Read a second time: a fault of the memory or the cable is none of the disk's.
        if (sound || signal.aborted || (await this.#isSound(hash, signal)) || signal.aborted) continue;
        found.damaged++;
        await this.#setAside(hash);
      }
      await ports.facts.set(CURSOR, folder);
    }
    await ports.facts.set(CURSOR, '');
    return found;
  }

  /** Reads these blobs again at once, such as those that a backup found damaged, and moves the damaged ones aside. */
  async check(suspects: readonly string[]): Promise<void> {
    for (const hash of suspects) {
      const path = this.#options.blobs.pathOf(hash);
      if ((await exists(path)) && !(await hashes(path, hash)) && !(await hashes(path, hash)) && (await exists(path)))
        await this.#setAside(hash);
    }
  }

  /** Returns the actions on a blob that is listed. */
  get records(): RecordHandler {
    const { directory, blobs } = this.#options;
    return {
      retry: async (hash) => {
        if (!/^[0-9a-f]{64}$/.test(hash)) return ok(undefined);
        const aside = join(directory, DAMAGED, hash);
        // Such as put back from elsewhere by hand.
        if (await hashes(aside, hash)) await rename(aside, blobs.pathOf(hash));
        if (await hashes(blobs.pathOf(hash), hash)) return ok(undefined);
        return fail(
          'conflict',
          `The blob ${hash} is still missing or damaged`,
          'Run `anchor redeploy` for the project that needs it, or restore a backup: ./up --restore FILE',
        );
      },
      drop: async (hash) => {
        if (/^[0-9a-f]{64}$/.test(hash)) await rm(join(directory, DAMAGED, hash), { force: true });
        return ok(undefined);
      },
    };
  }

  /** Removes blobs from the list that were stored again. */
  async #healed(): Promise<void> {
    const { ports, blobs, directory } = this.#options;
    let cursor: string | undefined;
    const listed: string[] = [];
    do {
      const page = await ports.failedRecords.list({ limit: 100, ...(cursor === undefined ? {} : { cursor }) });
      for (const { kind, id } of page.items) if (kind === KIND && /^[0-9a-f]{64}$/.test(id)) listed.push(id);
      cursor = page.cursor;
    } while (cursor !== undefined);
    for (const hash of listed) {
      if (!(await hashes(blobs.pathOf(hash), hash))) continue;
      await ports.failedRecords.clear(KIND, hash);
      await rm(join(directory, DAMAGED, hash), { force: true });
    }
  }

  /** Returns true also for a file that is no blob, or was removed meanwhile. */
  async #isSound(hash: string, signal: AbortSignal): Promise<boolean> {
    if (!/^[0-9a-f]{64}$/.test(hash)) return true;
    const path = this.#options.blobs.pathOf(hash);
    const digest = createHash('sha256');
    try {
      for await (const chunk of createReadStream(path, { highWaterMark: CHUNK_BYTES })) {
        digest.update(chunk);
        await wait((chunk.length / this.#options.bytesPerSecond) * 1_000);
        if (signal.aborted) return true;
      }
    } catch (error) {
      // An unreadable sector is damage; a file that is gone is not.
      return hasErrorCode(error, 'ENOENT');
    }
    return digest.digest('hex') === hash;
  }

  async #setAside(hash: string): Promise<void> {
    const { directory, ports, blobs, report } = this.#options;
    await mkdir(join(directory, DAMAGED), { recursive: true, mode: 0o700 });
    await rename(blobs.pathOf(hash), join(directory, DAMAGED, hash));
    const project = await ownerOfBlob(ports, hash).catch(() => undefined);
    await ports.failedRecords.fail({
      kind: KIND,
      id: hash,
      ...(project === undefined ? {} : { project }),
      why: 'its content is not what its name says: the file changed on disk',
      tries: MAX_TRIES,
      now: ports.clock.now(),
    });
    report(`the blob ${hash} is damaged on disk and is not served any more: anchor doctor`);
  }
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

async function hashes(path: string, hash: string): Promise<boolean> {
  if (!(await exists(path))) return false;
  const digest = createHash('sha256');
  try {
    for await (const chunk of createReadStream(path)) digest.update(chunk);
  } catch {
    return false;
  }
  return digest.digest('hex') === hash;
}

const wait = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
