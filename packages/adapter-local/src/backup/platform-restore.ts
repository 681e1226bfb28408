import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { anchorError, err, fail, ok, type Result } from '@anchor/core/result/result.ts';
import { syncDirectory } from '../disk/directory-sync.ts';
import { type BackupReport, openBackup } from './open-backup.ts';

/** Everything that a restore replaces; the rest of the data directory is caches. */
const REPLACED = [
  'anchor.db',
  'anchor.db-wal',
  'anchor.db-shm',
  'routes',
  'key',
  'admin-token',
  'blobs',
  'git',
  'logs',
  'trees',
  'cache',
] as const;

const ASIDE = 'before-restore-';
/**
 * Names the two directories of a restore in progress, so that the next start completes or reverts an interrupted one.
 */
const JOURNAL = 'restore.json';
const journalSchema = z.object({ directory: z.string(), aside: z.string(), phase: z.enum(['aside', 'in']) });
type Journal = z.infer<typeof journalSchema>;

/**
 * Puts an opened backup in the place of what is there. Nothing may run on the data directory meanwhile. What was there
 * is kept beside, under `before-restore-<time>`, until the next restore. A crash half-way is taken up by
 * `finishRestore`.
 */
export async function activateBackup(directory: string, data: string, now: number): Promise<Result<void>> {
  const aside = join(data, `${ASIDE}${timeName(now)}`);
  try {
    await mkdir(aside, { mode: 0o700 });
    await swap(data, { directory, aside, phase: 'aside' });
    return ok(undefined);
  } catch (cause) {
    return err(
      anchorError(
        'internal',
        'The backup could not be restored',
        `Start the platform again: it resumes the restore. The previous state is in ${aside}.`,
        cause instanceof Error ? cause.message : String(cause),
      ),
    );
  }
}

async function swap(data: string, journal: Journal): Promise<void> {
  const { directory, aside } = journal;
  if (journal.phase === 'aside') {
    await writeJournal(data, journal);
    for (const part of REPLACED) if (existsSync(join(data, part))) await rename(join(data, part), join(aside, part));
    await writeJournal(data, { ...journal, phase: 'in' });
  }
  for (const part of await readdir(directory).catch(() => [])) await rename(join(directory, part), join(data, part));
  await syncDirectory(data);
  await rm(join(data, JOURNAL), { force: true });
  await rm(directory, { recursive: true, force: true });
  for (const name of await readdir(data))
    if (name.startsWith(ASIDE) && join(data, name) !== aside)
      await rm(join(data, name), { recursive: true, force: true });
}

async function writeJournal(data: string, journal: Journal): Promise<void> {
  await writeFile(join(data, `${JOURNAL}.new`), JSON.stringify(journal), { mode: 0o600, flush: true });
  await rename(join(data, `${JOURNAL}.new`), join(data, JOURNAL));
  await syncDirectory(data);
}

/** Returns whether a restore was cut off in this data directory. */
export const restoreIsUnfinished = (data: string): boolean => existsSync(join(data, JOURNAL));

/** Ends a restore that was cut off, before anything starts. */
export async function finishRestore(data: string): Promise<Result<void>> {
  try {
    await swap(data, journalSchema.parse(JSON.parse(await readFile(join(data, JOURNAL), 'utf8'))));
    return ok(undefined);
  } catch (cause) {
    return fail(
      'internal',
      'An interrupted restore could not be completed',
      `Restore again: ./up --restore FILE. The previous state is in ${join(data, ASIDE)}…`,
      cause instanceof Error ? cause.message : String(cause),
    );
  }
}

/** Puts a backup in place where no platform runs: a trial first, then the swap. */
export async function restoreOffline(file: string, data: string, now: number): Promise<Result<BackupReport>> {
  if (!existsSync(file))
    return fail('not_found', `There is no file ${file}`, 'Name a file that `anchor backup` wrote: ./up --restore FILE');
  const directory = join(data, `restoring-${randomUUID()}`);
  const opened = await openBackup(file, directory);
  const swapped = opened.ok ? await activateBackup(directory, data, now) : opened;
  if (!opened.ok) await rm(directory, { recursive: true, force: true });
  return swapped.ok ? opened : swapped;
}

/** Moves all state away, so that the platform starts empty. Returns its new location. */
export async function setStateAside(data: string, now: number): Promise<Result<string>> {
  const aside = join(data, `before-new-${timeName(now)}`);
  try {
    await mkdir(aside, { mode: 0o700 });
    for (const part of REPLACED) if (existsSync(join(data, part))) await rename(join(data, part), join(aside, part));
    return ok(aside);
  } catch (cause) {
    return fail(
      'internal',
      'The existing state could not be moved aside',
      'Check the disk, or choose another directory: ./up --data DIR',
      cause instanceof Error ? cause.message : String(cause),
    );
  }
}

const timeName = (now: number): string => new Date(now).toISOString().replaceAll(':', '-');
