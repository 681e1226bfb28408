import { chmod, rm } from 'node:fs/promises';
import { backup, DatabaseSync } from 'node:sqlite';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';
import type { Database } from './database.ts';

/** In one step: a copy in parts would start again after each commit of a busy writer. */
const ALL_PAGES = 2 ** 31 - 1;

/**
 * Copies the database into one new file while it is in use, as of one moment, and checks the copy. A connection of its
 * own reads a snapshot, so writers neither wait nor disturb. Refused: a copy that fails the check, a full disk.
 */
export async function backupDatabase(db: Database, file: string): Promise<Result<void>> {
  let source: DatabaseSync | undefined;
  let copy: DatabaseSync | undefined;
  try {
    source = new DatabaseSync(db.file, { readOnly: true, timeout: 5000 });
    await rm(file, { force: true });
    await backup(source, file, { rate: ALL_PAGES });
    await chmod(file, 0o600);
    copy = new DatabaseSync(file);
    // One file, without -wal and -shm beside it.
    copy.exec('PRAGMA journal_mode = DELETE');
    const verdict = copy.prepare('PRAGMA integrity_check').get()?.['integrity_check'];
    if (verdict === 'ok') return ok(undefined);
    return fail(
      'internal',
      'The database is damaged',
      'Restore an earlier backup: ./up --restore FILE',
      String(verdict),
    );
  } catch (cause) {
    return fail(
      'internal',
      `The database could not be backed up to ${file}`,
      'Check that the directory exists and that the disk has free space.',
      String(cause),
    );
  } finally {
    source?.close();
    copy?.close();
  }
}
