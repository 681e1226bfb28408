import { existsSync, readFileSync, statSync } from 'node:fs';
import { opendir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { anchorError, err, fail, ok, type Result } from '@anchor/core/result/result.ts';
import { openingError } from '../sqlite/database.ts';
import { KEY_BYTES } from '../secrets/key-file.ts';
import type { Paths } from '../paths.ts';
import { keyId } from '../secrets/secret-box.ts';

/** Up to this size the database is checked whole at each start: some 10 ms. Larger ones are checked beside the work. */
const CHECKED_BYTES = 64 * 1_048_576;
const WAY_OUT =
  'Restore a backup: ./up --restore FILE. To start empty: ./up --new (the existing state is moved aside).';

/**
 * Checks that database, master key, blobs and repositories belong together, before a start recreates any of them. A
 * platform that lost one of them must not start as a new one: its secrets would not decrypt, and its clean-up would
 * remove every blob as unused.
 */
export async function checkState(paths: Paths): Promise<Result<void>> {
  const size = statSync(paths.database, { throwIfNoEntry: false })?.size ?? 0;
  const rest = await remains(paths);
  if (size === 0)
    return rest === undefined
      ? ok(undefined)
      : lost(
          paths,
          statSync(paths.database, { throwIfNoEntry: false }) === undefined ? 'is missing' : 'is empty',
          rest,
        );
  const found = readRecords(paths.database, size);
  if (!found.ok) return found;
  if (!found.value.everUsed && rest !== undefined) return lost(paths, 'has no records', rest);
  return checkKey(paths.key, found.value.keyIds);
}

function lost(paths: Paths, what: string, rest: string): Result<never> {
  return fail(
    'conflict',
    `The database ${paths.database} ${what}, but ${rest} of an earlier platform are there`,
    WAY_OUT,
  );
}

/** Returns a part of the state that only a used platform has. */
async function remains(paths: Paths): Promise<string | undefined> {
  if (await holds(paths.blobs, (name) => /^[0-9a-f]{2}$/.test(name))) return 'blobs';
  if (await holds(dirname(paths.repository('prj_00000000000000000000')), (name) => name.endsWith('.git')))
    return 'repositories';
  return undefined;
}

async function holds(directory: string, wanted: (name: string) => boolean): Promise<boolean> {
  try {
    for await (const entry of await opendir(directory)) if (wanted(entry.name)) return true;
  } catch {
    // Not there.
  }
  return false;
}

type Found = Readonly<{ everUsed: boolean; keyIds: ReadonlySet<string> }>;

const EVER_USED =
  "SELECT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name IN ('projects', 'deployments')) OR EXISTS (SELECT 1 FROM aliases) AS used";
const SEALED =
  'SELECT doc FROM (SELECT doc FROM projects ORDER BY seq DESC LIMIT 500) UNION ALL SELECT doc FROM (SELECT doc FROM variables ORDER BY seq DESC LIMIT 500)';

function readRecords(file: string, size: number): Result<Found> {
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(file, { readOnly: true, timeout: 5_000 });
    if (size <= CHECKED_BYTES) {
      const verdict = String(db.prepare('PRAGMA quick_check(1)').get()?.['quick_check']);
      if (verdict !== 'ok') return err(anchorError('internal', `The database ${file} is damaged`, WAY_OUT, verdict));
    }
    const tables = new Set(
      db
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")
        .all()
        .map((row) => String(row['name'])),
    );
    if (!tables.has('projects') || !tables.has('variables')) return ok({ everUsed: false, keyIds: new Set() });
    const everUsed = db.prepare(EVER_USED).get()?.['used'] === 1;
    const keyIds = new Set<string>();
    for (const { doc } of db.prepare(SEALED).iterate())
      for (const [, id] of String(doc).matchAll(/"v1\.([0-9a-f]{16})\./g)) if (id !== undefined) keyIds.add(id);
    return ok({ everUsed, keyIds });
  } catch (cause) {
    return err(openingError(file, cause));
  } finally {
    db?.close();
  }
}

/** Fails when records were sealed with a key that is missing. Other faults of the file are reported when it is read. */
function checkKey(file: string, needed: ReadonlySet<string>): Result<void> {
  if (needed.size === 0) return ok(undefined);
  const bytes = existsSync(file) ? readFileSync(file) : Buffer.alloc(0);
  const ids = Array.from({ length: Math.floor(bytes.length / KEY_BYTES) }, (_, i) =>
    keyId(bytes.subarray(i * KEY_BYTES, (i + 1) * KEY_BYTES)),
  );
  if (ids.some((id) => needed.has(id)) || (bytes.length > 0 && ids.length === 0)) return ok(undefined);
  const what =
    bytes.length === 0
      ? `The master key ${file} is missing`
      : `The master key ${file} is another one (${ids.join(', ')})`;
  return fail(
    'conflict',
    `${what}; the secrets of this platform were sealed with ${[...needed].join(', ')}`,
    `Put the key file back to ${file} (chmod 600), or restore a backup: ./up --restore FILE. To start without the secrets: ./up --new (the existing state is moved aside).`,
  );
}
