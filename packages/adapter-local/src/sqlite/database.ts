import { DatabaseSync, type SQLInputValue, type SQLOutputValue, type StatementSync } from 'node:sqlite';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { anchorError, err, ok, type AnchorError, type Result } from '@anchor/core/result/result.ts';
import { GroupCommit } from './group-commit.ts';
import { anySchema, migrate } from './migrations.ts';
import { walSync } from './wal-sync.ts';

export type Row = Record<string, SQLOutputValue>;

/** One SQLite file. Reads are synchronous and see what is committed; writes are grouped into shared transactions. */
export type Database = Readonly<{
  file: string;
  readOnly: boolean;
  get(sql: string, ...values: SQLInputValue[]): Row | undefined;
  all(sql: string, ...values: SQLInputValue[]): readonly Row[];
  /** Runs one statement. Returns how many rows it changed. Only inside `write`. */
  run(sql: string, ...values: SQLInputValue[]): number;
  /**
   * Queues `operation` for the next commit and resolves with its value once that commit is on disk. Operations of the
   * same turn of the event loop share one transaction. One that throws is undone and rejects alone, but makes the
   * others run a second time: an operation may write to the database and to nothing else.
   */
  write<T>(operation: () => T): Promise<T>;
  /** Returns a number that changes when another connection or process has committed. */
  dataVersion(): number;
  /** Commits the queue, then closes. */
  close(): void;
}>;

export type OpenOptions = Readonly<{
  /** Never writes and never creates; the schema must be there. */
  readOnly?: boolean;
  /** Reads any schema, older and newer ones too: for a reader that continues when a query fails. */
  anySchema?: boolean;
}>;

/**
 * Opens (and creates or migrates, unless read-only) the database. Refused: a schema newer than this code, a file that
 * is not a database.
 */
export function openDatabase(file: string, options: OpenOptions = {}): Result<Database> {
  const readOnly = options.readOnly === true;
  let sqlite: DatabaseSync | undefined;
  try {
    if (!readOnly) createPrivately(file);
    // A reader only ever waits for recovery after a crash, and an edge must not block for it.
    sqlite = new DatabaseSync(file, { readOnly, timeout: readOnly ? 200 : 5000 });
    if (!readOnly) {
      // NORMAL, because group-commit.ts flushes every commit itself before it resolves.
      sqlite.exec(
        'PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 4000; PRAGMA journal_size_limit = 67108864;',
      );
    }
    const migrated = options.anySchema === true ? anySchema(sqlite) : migrate(sqlite, readOnly);
    if (!migrated.ok) {
      sqlite.close();
      return migrated;
    }
  } catch (cause) {
    sqlite?.close();
    return err(openingError(file, cause));
  }
  return ok(databaseOver(sqlite, file, readOnly));
}

const FULL = 13;
const DAMAGED: ReadonlySet<number> = new Set([11, 26]);

export function openingError(file: string, cause: unknown): AnchorError {
  const result = cause instanceof Error && 'errcode' in cause ? Number(cause.errcode) & 0xff : 0;
  const full = result === FULL || (cause instanceof Error && 'code' in cause && cause.code === 'ENOSPC');
  if (full)
    return anchorError(
      'disk_full',
      `the database ${file} cannot be opened`,
      'Free space on its disk.',
      `The disk is full: ${String(cause)}`,
    );
  if (DAMAGED.has(result))
    return anchorError(
      'internal',
      `the database ${file} is damaged`,
      'Stop the platform and restore a backup: ./up --restore FILE',
      String(cause),
    );
  return anchorError(
    'internal',
    `the database ${file} cannot be opened`,
    'Check that the file is readable and on a local disk with free space.',
    String(cause),
  );
}

/**
 * Moves the log into the file, so that the file alone is complete, although readers such as the edge keep the log from
 * being removed.
 */
function moveLogIn(sqlite: DatabaseSync): void {
  try {
    sqlite.exec('PRAGMA busy_timeout = 500; PRAGMA wal_checkpoint(TRUNCATE)');
  } catch {
    // A full disk: the log is read at the next start.
  }
}

/**
 * Creates the file for the platform's own user only, because it has hashes of tokens and sealed values. SQLite gives
 * -wal and -shm the same mode.
 */
function createPrivately(file: string): void {
  mkdirSync(dirname(file), { recursive: true });
  closeSync(openSync(file, 'a', 0o600));
}

function databaseOver(sqlite: DatabaseSync, file: string, readOnly: boolean): Database {
  const statements = new Map<string, StatementSync>();
  const prepared = (sql: string): StatementSync => {
    let statement = statements.get(sql);
    if (statement === undefined) {
      statement = sqlite.prepare(sql);
      statements.set(sql, statement);
    }
    return statement;
  };
  const writer = new GroupCommit(sqlite, walSync(file));
  return {
    file,
    readOnly,
    get: (sql, ...values) => prepared(sql).get(...values),
    all: (sql, ...values) => prepared(sql).all(...values),
    run: (sql, ...values) => Number(prepared(sql).run(...values).changes),
    write: (operation) => writer.add(operation),
    dataVersion: () => Number(prepared('PRAGMA data_version').get()?.['data_version']),
    close: () => {
      if (!sqlite.isOpen) return;
      writer.close();
      statements.clear();
      if (!readOnly) moveLogIn(sqlite);
      sqlite.close();
    },
  };
}
