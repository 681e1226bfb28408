import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { create } from 'tar';
import { anchorError, err, type Result } from '@anchor/core/result/result.ts';
import type { Database } from './database.ts';
import { backupDatabase } from './database-backup.ts';
import type { Paths } from './paths.ts';
import { openBackup, type BackupReport } from './platform-restore.ts';

/** What a backup holds besides the database, relative to the data directory. Caches, Node versions and sockets are made again. The key is inside: guard the file like the machine. */
const PARTS = ['key', 'admin-token', 'blobs', 'git', 'logs'] as const;

/**
 * Writes everything into one file while the platform runs, and proves it by restoring it into a scratch directory.
 * The database is copied first: every blob it names was stored before it was named, so the copy is never ahead.
 */
export async function createBackup(db: Database, paths: Paths, file: string): Promise<Result<BackupReport>> {
  await mkdir(paths.temporary, { recursive: true, mode: 0o700 });
  const scratch = await mkdtemp(join(paths.temporary, 'backup-'));
  const partial = `${file}.partial`;
  try {
    const stage = join(scratch, 'stage');
    await mkdir(stage);
    const copied = await backupDatabase(db, join(stage, 'anchor.db'));
    if (!copied.ok) return copied;
    const parts = PARTS.filter((part) => existsSync(join(paths.data, part)));
    // One folder to archive: the copy of the database beside links to the parts that are archived where they lie.
    for (const part of parts) await symlink(join(paths.data, part), join(stage, part));
    // Blobs are compressed already where it pays; level 1 is for the database and the logs.
    // It holds the key: nobody else may read it, wherever it lies.
    await writeFile(partial, '', { mode: 0o600 });
    await create({ file: partial, gzip: { level: 1 }, cwd: stage, portable: true, follow: true }, ['anchor.db', ...parts]);
    const proof = join(scratch, 'proof');
    const proved = await openBackup(partial, proof);
    if (!proved.ok) return proved;
    await rename(partial, file);
    return proved;
  } catch (cause) {
    return err(anchorError('internal', 'The backup could not be written', 'Check that the disk has room for two copies of the data directory.', cause instanceof Error ? cause.message : String(cause)));
  } finally {
    await rm(scratch, { recursive: true, force: true });
    await rm(partial, { force: true });
  }
}
