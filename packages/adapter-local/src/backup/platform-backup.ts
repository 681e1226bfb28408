import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { create } from 'tar';
import { anchorError, err, type Result } from '@anchor/core/result/result.ts';
import { stageFile, stageFolder } from './backup-stage.ts';
import type { Database } from '../sqlite/database.ts';
import { backupDatabase } from '../sqlite/database-backup.ts';
import { hasErrorCode } from '@anchor/core/result/has-error-code.ts';
import type { Paths } from '../paths.ts';
import { BACKUP_NOTES, openBackup, type BackupReport } from './open-backup.ts';

/**
 * Writes everything into one file while the platform runs, and proves it by restoring it into a scratch directory. The
 * database is copied first: every blob it names was stored before it was named, so the copy is never ahead. Blobs that
 * were missing or damaged before are named in the report and in the file, and stop nothing. Caches, Node versions and
 * sockets are made again. The key is inside: guard the file like the machine.
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
    await stageParts(paths, stage);
    const first = await archive(stage, partial, join(scratch, 'proof'), []);
    if (!first.ok) return first;
    const { broken } = first.value;
    // Damage from before is recorded in the file, so that a restore distinguishes it from damage in transit.
    const proved = broken.length === 0 ? first : await archive(stage, partial, join(scratch, 'proof-2'), broken);
    if (proved.ok) await rename(partial, file);
    return proved;
  } catch (cause) {
    return err(
      anchorError(
        hasErrorCode(cause, 'ENOSPC') ? 'disk_full' : 'internal',
        'The backup could not be written',
        'Check that the disk has space for two copies of the data directory.',
        cause instanceof Error ? cause.message : String(cause),
      ),
    );
  } finally {
    await rm(scratch, { recursive: true, force: true });
    await rm(partial, { force: true });
  }
}

async function stageParts(paths: Paths, stage: string): Promise<void> {
  for (const name of ['key', 'admin-token'])
    if (existsSync(join(paths.data, name))) await stageFile(join(paths.data, name), join(stage, name));
  for (const [name, options] of [
    ['blobs', { leaveOut: ['incoming', 'damaged'] }],
    ['git', { leaveOut: ['pushes'], copy: true, immutable: ['objects'] }],
    ['logs', { copy: true }],
  ] as const) {
    if (existsSync(join(paths.data, name))) await stageFolder(join(paths.data, name), join(stage, name), options);
  }
}

/** Archives the state. Without a list of broken blobs any are included and reported; with one, only those. */
async function archive(
  stage: string,
  partial: string,
  proof: string,
  broken: readonly string[],
): Promise<Result<BackupReport>> {
  const notes = join(stage, BACKUP_NOTES);
  await writeFile(notes, JSON.stringify({ format: 1, broken }), { mode: 0o600 });
  // Blobs are compressed already where it pays; level 1 is for the database and the logs. It contains the key: no other
  // user may read it, wherever it is stored.
  await writeFile(partial, '', { mode: 0o600 });
  const parts = [BACKUP_NOTES, 'anchor.db', 'key', 'admin-token', 'blobs', 'git', 'logs'].filter((part) =>
    existsSync(join(stage, part)),
  );
  await create({ file: partial, gzip: { level: 1 }, cwd: stage, portable: true }, parts);
  const proved = await openBackup(partial, proof, { collect: broken.length === 0 });
  await rm(proof, { recursive: true, force: true });
  return proved;
}
