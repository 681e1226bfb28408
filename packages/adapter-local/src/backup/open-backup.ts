import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { chmod, mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { blobsOf, storedManifestSchema, functionsOf } from '@anchor/core/artifact/manifest.ts';
import { treeSchema } from '@anchor/core/artifact/tree.ts';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';
import { openBlobStore, type LocalBlobStore } from '../blobs/blob-store.ts';
import { openDatabase, type Database } from '../sqlite/database.ts';
import { hasErrorCode } from '@anchor/core/result/has-error-code.ts';
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
