import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { extract } from 'tar';
import { z } from 'zod';
import { blobsOf } from '@anchor/core/artifact/blobs.ts';
import { manifestSchema, treeSchema } from '@anchor/core/artifact/manifest.ts';
import { anchorError, err, fail, ok, type Result } from '@anchor/core/result/result.ts';
import { openBlobStore, type LocalBlobStore } from './blob-store.ts';
import { openDatabase, type Database } from './database.ts';
import { pathsIn } from './paths.ts';

export type BackupReport = Readonly<{ projects: number; deployments: number; blobs: number; bytes: number }>;

/** Everything that a restore replaces; the rest of the data directory is caches. */
const REPLACED = ['anchor.db', 'anchor.db-wal', 'anchor.db-shm', 'key', 'admin-token', 'blobs', 'git', 'logs', 'trees', 'cache'] as const;

/**
 * Unpacks a backup into an empty directory and checks it: the database is whole and of a schema that we know, and every
 * blob that a deployment needs is there with the content that its name says.
 */
export async function openBackup(file: string, directory: string): Promise<Result<BackupReport>> {
  const refused = (cause: string) => fail('invalid_input', 'This is not a whole backup', 'Use a file that `anchor backup` wrote, copied without damage.', cause);
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    // `strict` makes damage an error; the library refuses absolute paths and `..` itself, links are not in our backups.
    await extract({ file, cwd: directory, strict: true, preserveOwner: false, filter: (_, entry) => !('type' in entry) || (entry.type !== 'SymbolicLink' && entry.type !== 'Link') });
  } catch (cause) {
    return refused(cause instanceof Error ? cause.message : String(cause));
  }
  const paths = pathsIn(directory);
  if (!existsSync(paths.database) || !existsSync(paths.key)) return refused('the database or the key is missing');
  const db = openDatabase(paths.database);
  if (!db.ok) return db;
  try {
    return await check(db.value, openBlobStore(paths.blobs));
  } catch (cause) {
    return refused(cause instanceof Error ? cause.message : String(cause));
  } finally {
    db.value.close();
    for (const suffix of ['-wal', '-shm']) await rm(`${paths.database}${suffix}`, { force: true });
  }
}

const kept = z.object({ state: z.string(), artifact: z.string().optional(), artifactRemovedAt: z.number().optional() });

async function check(db: Database, blobs: LocalBlobStore): Promise<Result<BackupReport>> {
  let deployments = 0;
  const seen = new Map<string, number>();
  const need = async (hash: string): Promise<Uint8Array> => {
    const bytes = await blobs.get(hash);
    if (bytes === undefined) throw new Error(`blob ${hash} is missing`);
    seen.set(hash, bytes.length);
    return bytes;
  };
  for (const row of db.all('SELECT doc FROM deployments')) {
    const deployment = kept.parse(JSON.parse(String(row['doc'])));
    deployments++;
    if (deployment.state !== 'success' || deployment.artifact === undefined || deployment.artifactRemovedAt !== undefined || seen.has(deployment.artifact)) continue;
    const manifest = manifestSchema.parse(JSON.parse(new TextDecoder().decode(await need(deployment.artifact))));
    for (const hash of blobsOf(manifest)) if (!seen.has(hash)) await need(hash);
    for (const { function: entry } of Object.values(manifest.components)) {
      if (entry === undefined) continue;
      const tree = treeSchema.parse(JSON.parse(new TextDecoder().decode(await need(entry.tree))));
      for (const file of tree.entries) if ('blob' in file && !seen.has(file.blob)) await need(file.blob);
    }
  }
  const projects = Number(db.get('SELECT count(*) AS n FROM projects')?.['n'] ?? 0);
  return ok({ projects, deployments, blobs: seen.size, bytes: [...seen.values()].reduce((sum, size) => sum + size, 0) });
}

const ASIDE = 'before-restore-';

/**
 * Puts an opened backup in the place of what is there. Nothing may run on the data directory meanwhile. What was there
 * is kept beside, under `before-restore-<time>`, until the next restore. A crash half-way loses nothing: the parts lie
 * in one of the three places.
 */
export async function swapIn(directory: string, data: string, now: number): Promise<Result<void>> {
  const aside = join(data, `${ASIDE}${new Date(now).toISOString().replaceAll(':', '-')}`);
  try {
    await mkdir(aside, { mode: 0o700 });
    for (const part of REPLACED) if (existsSync(join(data, part))) await rename(join(data, part), join(aside, part));
    for (const part of await readdir(directory)) await rename(join(directory, part), join(data, part));
    await rm(directory, { recursive: true, force: true });
    for (const name of await readdir(data)) if (name.startsWith(ASIDE) && join(data, name) !== aside) await rm(join(data, name), { recursive: true, force: true });
    return ok(undefined);
  } catch (cause) {
    return err(anchorError('internal', 'The backup could not be put in place', `What was there lies under ${aside}.`, cause instanceof Error ? cause.message : String(cause)));
  }
}
