import { constants } from 'node:fs';
import { copyFile, link, lstat, mkdir, open, readdir, rm, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hasErrorCode } from '@anchor/core/result/has-error-code.ts';

/** Links at once: each is a call of some 50 µs. */
const AT_ONCE = 32;

/**
 * Files that are not worth a backup, and may disappear at any moment: half-written blobs, pushes in flight, temporaries
 * and locks of git.
 */
const LEFT_OUT = /^(?:tmp_|incoming-|\.tmp-)|\.lock$/;
/** A branch may have such a name; no reference can end with `.lock`. */
const LEFT_OUT_OF_REFS = /\.lock$/;
/** A push stores objects before it names them: what names is taken first, so that all it names is there. */
const NAMES = ['HEAD', 'packed-refs', 'refs'];

type StageOptions = Readonly<{
  leaveOut?: readonly string[];
  copy?: boolean;
  immutable?: readonly string[];
  leftOut?: RegExp;
}>;

/**
 * Mirrors a folder of the data directory with hard links, so that what is written or removed meanwhile neither changes
 * nor disturbs the copy. Files that vanish while it runs are left out. `copy`: files that are changed in place are
 * copied instead, but for those below folders named in `immutable`. Follows no link below `from`, not even one
 * that is swapped in while it runs: folders of repositories belong to the users of git.
 */
export async function stageFolder(from: string, to: string, options: StageOptions = {}): Promise<void> {
  await stageOpened(await open(from, constants.O_DIRECTORY).catch(unlessMissing), to, options);
}

async function stageOpened(folder: FileHandle | undefined, to: string, options: StageOptions): Promise<void> {
  try {
    await mkdir(to, { recursive: true, mode: 0o700 });
    if (folder !== undefined) await stageEntries(pathOf(folder), to, options);
  } finally {
    await folder?.close();
  }
}

/** Subfolders in turn: each is open while it is staged. */
async function stageEntries(
  from: string,
  to: string,
  { leaveOut = [], copy = false, immutable = [], leftOut = LEFT_OUT }: StageOptions,
): Promise<void> {
  const entries = (await readdir(from, { withFileTypes: true })).filter(
    ({ name }) => !leaveOut.includes(name) && !leftOut.test(name),
  );
  const stage = copy ? copyRegular : stageFile;
  for (const group of [
    entries.filter(({ name }) => NAMES.includes(name)),
    entries.filter(({ name }) => !NAMES.includes(name)),
  ]) {
    const files = group.filter((entry) => entry.isFile());
    for (let i = 0; i < files.length; i += AT_ONCE)
      await Promise.all(
        files.slice(i, i + AT_ONCE).map(({ name }) => stage(join(from, name), join(to, name)).catch(unlessGone)),
      );
    for (const { name } of group.filter((entry) => entry.isDirectory()))
      await stageOpened(
        await open(join(from, name), constants.O_DIRECTORY | NO_LINK).catch(unlessGone),
        join(to, name),
        {
          copy: copy && !immutable.includes(name),
          immutable,
          leftOut: name === 'refs' ? LEFT_OUT_OF_REFS : leftOut,
        },
      );
  }
}

/** Copies when the folder is on another disk than the stage. */
export async function stageFile(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    if (!hasErrorCode(error, 'EXDEV') && !hasErrorCode(error, 'EMLINK') && !hasErrorCode(error, 'EPERM')) throw error;
    await copyRegular(from, to);
  }
}

/** Without waiting for a writer, should it be a pipe. */
const NO_LINK = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
const pathOf = ({ fd }: FileHandle): string => `/proc/self/fd/${fd}`;

async function copyRegular(from: string, to: string): Promise<void> {
  const file = await open(from, NO_LINK);
  try {
    if ((await file.stat()).isFile()) await copyFile(pathOf(file), to, constants.COPYFILE_FICLONE);
  } finally {
    await file.close();
  }
}

function unlessMissing(error: unknown): undefined {
  if (!hasErrorCode(error, 'ENOENT')) throw error;
  return undefined;
}

/** Accepts a link, or a file in place of a folder, too: it was swapped in. */
const unlessGone = (error: unknown): undefined =>
  hasErrorCode(error, 'ELOOP') || hasErrorCode(error, 'ENOTDIR') ? undefined : unlessMissing(error);

/** Limit of a lookup at a git host, many times over; another platform of this machine may be in the middle of one. */
const LOOKUP_MS = 10 * 60_000;

/** Removes what a killed process left of backups, restores and fetches, deploy keys among it: for the start. */
export async function sweepScratch(
  { data, temporary }: Readonly<{ data: string; temporary: string }>,
  shared = tmpdir(),
): Promise<void> {
  for (const [directory, pattern, olderThanMs] of [
    [temporary, /^(?:backup|restore|fetch|key)-/, 0],
    [data, /^restoring-/, 0],
    [shared, /^anchor-head-/, LOOKUP_MS],
  ] as const) {
    for (const name of await readdir(directory).catch(() => [])) {
      const path = join(directory, name);
      if (pattern.test(name) && (olderThanMs === 0 || (await isOlder(path, olderThanMs))))
        await rm(path, { recursive: true, force: true });
    }
  }
}

const isOlder = async (path: string, ms: number): Promise<boolean> =>
  Date.now() -
    (await lstat(path).then(
      ({ mtimeMs }) => mtimeMs,
      () => Infinity,
    )) >
  ms;
