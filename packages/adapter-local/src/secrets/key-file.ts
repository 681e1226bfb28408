import { randomBytes } from 'node:crypto';
import { link, mkdir, open, rm, stat, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';
import { hasErrorCode } from '@anchor/core/result/has-error-code.ts';
import { syncDirectory } from '../disk/directory-sync.ts';

export const KEY_BYTES = 32;

/** Master keys, the current one first: `n` times 32 random bytes. Made with one key when the file is missing. */
export type MasterKeys = readonly [Buffer, ...Buffer[]];

/**
 * Reads the key file. Refused: one that others than its owner may read, and one of a wrong size, with `damagedFix` as
 * the fix.
 */
export async function readKeyFile(file: string, damagedFix: string): Promise<Result<MasterKeys>> {
  try {
    await createWhenMissing(file);
    const { mode } = await stat(file);
    if ((mode & 0o077) !== 0) {
      return fail(
        'forbidden',
        `The key file ${file} may be read by other users (mode ${(mode & 0o777).toString(8)})`,
        `Run: chmod 600 ${file}`,
        'A reader of this file can decrypt every secret.',
      );
    }
    const bytes = await readFile(file);
    const keys = Array.from({ length: Math.floor(bytes.length / KEY_BYTES) }, (_, i) =>
      bytes.subarray(i * KEY_BYTES, (i + 1) * KEY_BYTES),
    );
    const [first, ...rest] = keys;
    if (first === undefined || bytes.length % KEY_BYTES !== 0) {
      return fail(
        'internal',
        `The key file ${file} is damaged: ${bytes.length} bytes instead of ${KEY_BYTES}`,
        damagedFix,
      );
    }
    return ok([first, ...rest]);
  } catch (cause) {
    return fail(
      'internal',
      `Cannot read the key file ${file}`,
      'Check that the data directory belongs to the user that runs the platform.',
      String(cause),
    );
  }
}

/**
 * Creates the file whole or not at all, and never over another: a link fails when the name is taken, also by a faster
 * process.
 */
async function createWhenMissing(file: string): Promise<void> {
  if (
    await stat(file).then(
      () => true,
      () => false,
    )
  )
    return;
  await mkdir(dirname(file), { recursive: true });
  const temporary = `${file}.${process.pid}.${randomBytes(6).toString('hex')}`;
  const handle = await open(temporary, 'wx', 0o600);
  try {
    await handle.writeFile(randomBytes(KEY_BYTES));
    await handle.sync();
    await link(temporary, file);
    await syncDirectory(dirname(file));
  } catch (error) {
    if (!hasErrorCode(error, 'EEXIST')) throw error;
  } finally {
    await handle.close();
    await rm(temporary, { force: true });
  }
}
