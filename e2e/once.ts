/** Work that several test files need and one does: each file copies the result, and changes its copy only. */
import { existsSync, rmSync } from 'node:fs';
import { mkdir, mkdtemp, rm, rmdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from './platform.ts';

/** An install and a build of Next.js, beside those of two other files. */
const WORK_MS = 300_000;

let own: Promise<string> | undefined;
/** `./test` makes and removes the directory; a file that is run without it shares with none. */
const directory = (): Promise<string> => {
  const given = process.env['ANCHOR_TEST_SHARED'];
  if (given !== undefined) return mkdir(given, { recursive: true }).then(() => given);
  return (own ??= mkdtemp(join(tmpdir(), 'anchor-test-')).then((made) => {
    process.once('exit', () => rmSync(made, { recursive: true, force: true }));
    return made;
  }));
};

/**
 * Returns the folder that `work` has filled. The first file of the run that requests the name does the work, others
 * wait for it. After a failure the next one tries.
 */
export async function once(name: string, work: (folder: string) => Promise<void>): Promise<string> {
  const folder = join(await directory(), name);
  const [lock, mark] = [`${folder}.lock`, `${folder}.done`];
  const done = (): boolean => existsSync(mark);
  const locked = (): Promise<boolean> =>
    mkdir(lock).then(
      () => true,
      () => false,
    );
  await eventually(
    async () => done() || (await locked()),
    WORK_MS,
    () => `another file has not done it: ${folder}`,
  );
  if (done()) return folder;
  try {
    await mkdir(folder);
    await work(folder);
    await writeFile(mark, '');
  } catch (cause) {
    await rm(folder, { recursive: true, force: true });
    throw cause;
  } finally {
    await rmdir(lock);
  }
  return folder;
}
