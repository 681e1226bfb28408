import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { hasErrorCode } from '@anchor/core/result/has-error-code.ts';
import { directorySync } from '../disk/directory-sync.ts';

const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const FORMAT = 'anchor-edge 1';
/** How the name of a file ends that is being written. */
export const UNFINISHED = '.new';

/**
 * JSON files of one directory, encrypted with AES-256-GCM and bound to their names. One process writes; others read
 * whole files, before or after a write.
 */
export class SealedFiles {
  readonly #directory: string;
  readonly #key: Buffer;
  readonly #sync = directorySync();

  constructor(directory: string, key: Buffer) {
    this.#directory = directory;
    this.#key = key;
  }

  async write(name: string, value: unknown): Promise<void> {
    const file = join(this.#directory, name);
    const temporary = `${file}.${randomBytes(6).toString('hex')}${UNFINISHED}`;
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    try {
      const handle = await open(temporary, 'wx', 0o600);
      try {
        await handle.writeFile(this.#seal(name, value));
        await handle.sync();
      } finally {
        await handle.close();
      }
      await rename(temporary, file);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
    await this.#sync(dirname(file));
  }

  async remove(name: string): Promise<void> {
    await rm(join(this.#directory, name), { force: true });
  }

  /** Returns the names of all files, unfinished ones of an earlier process too; none when the directory is absent. */
  async list(): Promise<readonly string[]> {
    const entries = await readdir(this.#directory, { recursive: true, withFileTypes: true }).catch((error: unknown) => {
      if (hasErrorCode(error, 'ENOENT')) return [];
      throw error;
    });
    return entries
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => relative(this.#directory, join(parentPath, name)));
  }

  /** Returns undefined for a file that is absent or damaged, or was sealed with another key. */
  read(name: string): unknown {
    try {
      return this.#open(name, readFileSync(join(this.#directory, name)));
    } catch {
      return undefined;
    }
  }

  /** Returns another text after each write; an empty one while there is no file, or it cannot be accessed. */
  version(name: string): string {
    try {
      const found = statSync(join(this.#directory, name), { throwIfNoEntry: false, bigint: true });
      return found === undefined ? '' : `${found.ino} ${found.mtimeNs} ${found.size}`;
    } catch {
      return '';
    }
  }

  #seal(name: string, value: unknown): Buffer {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonce);
    cipher.setAAD(Buffer.from(`${FORMAT} ${name}`));
    return Buffer.concat([nonce, cipher.update(JSON.stringify(value), 'utf8'), cipher.final(), cipher.getAuthTag()]);
  }

  #open(name: string, sealed: Buffer): unknown {
    const decipher = createDecipheriv('aes-256-gcm', this.#key, sealed.subarray(0, NONCE_BYTES), {
      authTagLength: TAG_BYTES,
    });
    decipher.setAAD(Buffer.from(`${FORMAT} ${name}`));
    decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
    const plain = Buffer.concat([decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]);
    return JSON.parse(plain.toString('utf8'));
  }
}
