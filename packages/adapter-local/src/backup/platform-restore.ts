import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { chmod, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { blobsOf, storedManifestSchema, functionsOf } from '@anchor/core/artifact/manifest.ts';
import { treeSchema } from '@anchor/core/artifact/tree.ts';
import { anchorError, err, fail, ok, type Result } from '@anchor/core/result/result.ts';
import { openBlobStore, type LocalBlobStore } from '../blobs/blob-store.ts';
import { openDatabase, type Database } from '../sqlite/database.ts';
import { hasErrorCode } from '@anchor/core/result/has-error-code.ts';
import { syncDirectory } from '../disk/directory-sync.ts';
import { pathsIn } from '../paths.ts';
import { unpack } from './unpack.ts';

/** `broken`: blobs that were missing or damaged when the backup was made. */
export type BackupReport = Readonly<{
  projects: number;
  deployments: number;
  blobs: number;
  bytes: number;
  broken: readonly string[];
}>;

/** The description that a backup carries. */
export const BACKUP_NOTES = 'backup.json';
const notesSchema = z.object({ format: z.literal(1), broken: z.array(z.string()) });

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
/** Only their owner may read them, whatever mode the archive has. */
const PRIVATE = ['anchor.db', 'key', 'admin-token'] as const;

/**
 * Unpacks a backup into an empty directory and verifies it. The database is valid and of a known schema, and every blob
 * that a deployment needs is there with the content of its name, but for those that the backup itself lists. `collect`:
 * any broken blobs are accepted and reported.
 */
export async function openBackup(
  file: string,
  directory: string,
  { collect = false }: Readonly<{ collect?: boolean }> = {},
): Promise<Result<BackupReport>> {
  const refused = (cause: string) =>
    fail(
      'invalid_input',
      'The backup is incomplete',
      'Use a file that `anchor backup` wrote, copied without damage.',
      cause,
    );
  const full = (cause: unknown) =>
    fail(
      'disk_full',
      'The disk is too full to unpack the backup',
      'Free space for another copy of the data directory.',
      String(cause),
    );
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await unpack(file, directory);
  } catch (cause) {
    return hasErrorCode(cause, 'ENOSPC')
      ? full(cause)
      : refused(cause instanceof Error ? cause.message : String(cause));
  }
  const paths = pathsIn(directory);
  if (!existsSync(paths.database) || !existsSync(paths.key)) return refused('the database or the key is missing');
  for (const name of PRIVATE) if (existsSync(join(directory, name))) await chmod(join(directory, name), 0o600);
  const db = openDatabase(paths.database);
  if (!db.ok) return db;
  try {
    const known = new Set(await brokenBefore(directory));
    const report = await check(db.value, openBlobStore(paths.blobs));
    const surprise = collect ? undefined : report.broken.find((hash) => !known.has(hash));
    return surprise === undefined ? ok(report) : refused(`blob ${surprise} is missing or damaged`);
  } catch (cause) {
    return hasErrorCode(cause, 'ENOSPC')
      ? full(cause)
      : refused(cause instanceof Error ? cause.message : String(cause));
  } finally {
    db.value.close();
    for (const suffix of ['-wal', '-shm']) await rm(`${paths.database}${suffix}`, { force: true });
    await rm(join(directory, BACKUP_NOTES), { force: true });
  }
}

/** Backups of earlier versions have no notes: all their blobs were whole. */
async function brokenBefore(directory: string): Promise<readonly string[]> {
  const text = await readFile(join(directory, BACKUP_NOTES), 'utf8').catch(() => undefined);
  return text === undefined ? [] : notesSchema.parse(JSON.parse(text)).broken;
}

const storedSchema = z.object({
  state: z.string(),
  artifact: z.string().optional(),
  artifactRemovedAt: z.number().optional(),
});

/** Hashes every blob that a deployment needs. Damaged rows and blobs are passed over: they were so in the platform. */
async function check(db: Database, blobs: LocalBlobStore): Promise<BackupReport> {
  let deployments = 0;
  const seen = new Map<string, number>();
  const broken = new Set<string>();
  const need = async (hash: string): Promise<void> => {
    if (seen.has(hash) || broken.has(hash)) return;
    const size = await verify(blobs.pathOf(hash), hash);
    if (size === undefined) broken.add(hash);
    else seen.set(hash, size);
  };
  const read = async <T>(hash: string, schema: z.ZodType<T>): Promise<T | undefined> => {
    await need(hash);
    if (broken.has(hash)) return undefined;
    // A manifest of another version than this code may be valid; the blobs that it names are not checked.
    return schema.safeParse(jsonOf((await blobs.get(hash)) ?? new Uint8Array())).data;
  };
  for (const row of db.all('SELECT doc FROM deployments')) {
    deployments++;
    const deployment = storedSchema.safeParse(jsonOf(new TextEncoder().encode(String(row['doc'])))).data;
    if (
      deployment?.state !== 'success' ||
      deployment.artifact === undefined ||
      deployment.artifactRemovedAt !== undefined ||
      seen.has(deployment.artifact)
    )
      continue;
    const manifest = await read(deployment.artifact, storedManifestSchema);
    if (manifest === undefined) continue;
    for (const hash of blobsOf(manifest)) await need(hash);
    for (const entry of functionsOf(manifest)) {
      const tree = await read(entry.tree, treeSchema);
      for (const file of tree?.entries ?? []) if ('blob' in file) await need(file.blob);
    }
  }
  const projects = Number(db.get('SELECT count(*) AS n FROM projects')?.['n'] ?? 0);
  return {
    projects,
    deployments,
    blobs: seen.size,
    bytes: [...seen.values()].reduce((sum, size) => sum + size, 0),
    broken: [...broken],
  };
}

/** Returns the size of a file whose content matches its name. */
async function verify(path: string, hash: string): Promise<number | undefined> {
  const digest = createHash('sha256');
  let size = 0;
  try {
    await pipeline(createReadStream(path), async (chunks) => {
      for await (const chunk of chunks) {
        digest.update(chunk);
        size += chunk.length;
      }
    });
  } catch {
    return undefined;
  }
  return digest.digest('hex') === hash ? size : undefined;
}

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}

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
