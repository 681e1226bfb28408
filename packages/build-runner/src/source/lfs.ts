import { copyFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';
import { capture } from '../session/command.ts';
import { resolveInTree } from '@anchor/packaging/checkout/checkout-fs.ts';
import { runInSandbox, sandboxGitCall, type FetchContext } from './git-run.ts';
import type { Listing } from './listing.ts';
import { type LfsSource, type DownloadResult, DOWNLOAD_FOLDER, downloadFromHost } from './lfs-download.ts';
import { type PointerFile, pointersOf, inFolder, pathInSandbox } from './lfs-pointer-files.ts';

/**
 * Puts the files that Git LFS keeps in the place of their pointers. A pointer that stays is an error: it would be
 * served as an image.
 */
export async function fetchLfs(
  context: FetchContext,
  folder: string,
  listing: Listing,
  source: LfsSource,
): Promise<Result<void>> {
  const found = await pointersOf(context, folder, listing.small);
  if (!found.ok) return found;
  const files = found.value;
  const [first] = files;
  if (first === undefined) return ok(undefined);
  const bytes = [...new Map(files.map(({ oid, size }) => [oid, size])).values()].reduce((sum, size) => sum + size, 0);
  const megabytes = (bytes / 1048576).toFixed(1);
  const { usedMb, sizeMb } = await context.work.disk.free();
  if (2 * bytes > (sizeMb - usedMb) * 1048576) {
    return fail(
      'build_out_of_disk',
      `The Git LFS files of this commit need ${megabytes} MB`,
      'Keep fewer or smaller files in Git LFS, or ask the operator to raise --build-disk-mb.',
      `The project's build disk has ${sizeMb - usedMb} of ${sizeMb} MB free, and each file is there twice for a moment.`,
    );
  }
  context.say(`Fetching ${files.length} Git LFS ${files.length === 1 ? 'file' : 'files'}, ${megabytes} MB`);
  const objects = join(context.work.home, DOWNLOAD_FOLDER);
  await context.work.directory(objects);
  try {
    const fetched =
      source.kind === 'directory'
        ? await copyFromRepository(source.path, files, objects)
        : await downloadFromHost(context, folder, source, files);
    if (!fetched.ok) return fetched;
    const missing = files.filter(({ oid }) => fetched.value.missing.includes(oid));
    if (missing.length > 0) return missingFilesError(missing, source);
    return await writeIntoCheckout(context, folder, files, objects);
  } finally {
    await rm(objects, { recursive: true, force: true });
  }
}

function missingFilesError(missing: readonly PointerFile[], source: LfsSource): Result<never> {
  const remote = source.kind === 'directory' ? 'anchor' : 'origin';
  const names = `${missing
    .slice(0, 5)
    .map(({ path }) => path)
    .join(', ')}${missing.length > 5 ? ` and ${missing.length - 5} more` : ''}`;
  return fail(
    'source_unreachable',
    `The Git LFS file ${missing[0]?.path ?? ''} is missing`,
    `Send the files, then deploy again: git lfs push --all ${remote}`,
    `The repository has only their pointers: ${names}.`,
  );
}

/** Copies a file that was pushed with `git lfs push`; its content was checked on arrival. */
async function copyFromRepository(
  repository: string,
  files: readonly PointerFile[],
  to: string,
): Promise<Result<DownloadResult>> {
  const missing: string[] = [];
  for (const { oid, size } of files) {
    const object = lfsObject(repository, oid);
    if (
      (await stat(object).then(
        (it) => it.size,
        () => -1,
      )) !== size
    )
      missing.push(oid);
    else await copyFile(object, join(to, oid));
  }
  return ok({ missing });
}

/** Returns where a repository stores a Git LFS file, as git-lfs itself does. */
export const lfsObject = (repository: string, oid: string): string =>
  join(repository, 'lfs', 'objects', oid.slice(0, 2), oid.slice(2, 4), oid);

async function writeIntoCheckout(
  context: FetchContext,
  folder: string,
  files: readonly PointerFile[],
  objects: string,
): Promise<Result<void>> {
  const left = new Map<string, number>();
  for (const { oid } of files) left.set(oid, (left.get(oid) ?? 0) + 1);
  for (const { path, oid } of files) {
    const found = await resolveInTree(context.work.source, inFolder(folder, path));
    if (found?.kind !== 'file')
      return fail(
        'source_refused',
        `The Git LFS file ${path} is not in the checkout`,
        'Check out the commit in a fresh clone to reproduce the problem.',
      );
    // Keeps owner and mode of the pointer.
    await copyFile(join(objects, oid), found.absolute);
    const uses = (left.get(oid) ?? 1) - 1;
    left.set(oid, uses);
    if (uses === 0) await rm(join(objects, oid), { force: true });
  }
  return runInSandbox(context, folder, [], [], async (_run, sandbox) => {
    // Otherwise `git status` and `git describe --dirty` take them for changes.
    const call = sandboxGitCall();
    const input = new TextEncoder().encode(files.map(({ path }) => `${path}\0`).join(''));
    await capture(
      sandbox,
      {
        argv: call.argv('update-index', '--assume-unchanged', '-z', '--stdin'),
        env: call.env,
        cwd: pathInSandbox(folder),
        input,
      },
      4_096,
    );
    return ok(undefined);
  });
}
