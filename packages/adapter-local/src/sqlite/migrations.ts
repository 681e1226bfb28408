import type { DatabaseSync } from 'node:sqlite';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';

/** A step of the schema, numbered from 1 without gaps. Never changed once released: a change is a new step. */
export type Migration = Readonly<{ version: number; sql: string }>;

/**
 * A table per aggregate: `doc` is the whole item as JSON, the columns beside it are what it is found by. `seq` keeps
 * the order of arrival among items of the same millisecond.
 */
const FIRST = `
  CREATE TABLE projects (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, version INTEGER NOT NULL, created_at INTEGER NOT NULL,
    name TEXT NOT NULL UNIQUE, doc TEXT NOT NULL);
  CREATE INDEX projects_newest ON projects (created_at, seq);

  CREATE TABLE deployments (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, version INTEGER NOT NULL, created_at INTEGER NOT NULL,
    dedupe_key TEXT NOT NULL UNIQUE, project_id TEXT NOT NULL, environment TEXT NOT NULL, state TEXT NOT NULL,
    branch TEXT, artifact TEXT, doc TEXT NOT NULL);
  CREATE INDEX deployments_newest ON deployments (project_id, created_at, seq);
  CREATE INDEX deployments_state ON deployments (state);
  CREATE INDEX deployments_branch ON deployments (project_id, branch, environment, created_at, seq);

  CREATE TABLE aliases (
    host TEXT PRIMARY KEY, revision INTEGER NOT NULL, seq INTEGER NOT NULL UNIQUE, removed INTEGER NOT NULL,
    project_id TEXT NOT NULL, deployment_id TEXT NOT NULL, history TEXT NOT NULL, doc TEXT NOT NULL) WITHOUT ROWID;
  CREATE INDEX aliases_project ON aliases (project_id);

  CREATE TABLE deliveries (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, version INTEGER NOT NULL, created_at INTEGER NOT NULL,
    project_id TEXT NOT NULL, source TEXT NOT NULL, external_id TEXT NOT NULL, state TEXT NOT NULL, doc TEXT NOT NULL,
    UNIQUE (project_id, source, external_id));
  CREATE INDEX deliveries_newest ON deliveries (project_id, created_at, seq);
  CREATE INDEX deliveries_unprocessed ON deliveries (seq) WHERE state = 'received';

  CREATE TABLE variables (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, version INTEGER NOT NULL,
    project_id TEXT NOT NULL, environment TEXT NOT NULL, name TEXT NOT NULL, scope TEXT NOT NULL, doc TEXT NOT NULL,
    UNIQUE (project_id, environment, name, scope));

  CREATE TABLE tokens (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, version INTEGER NOT NULL, created_at INTEGER NOT NULL,
    hash TEXT NOT NULL UNIQUE, doc TEXT NOT NULL);
  CREATE INDEX tokens_newest ON tokens (created_at, seq);

  CREATE TABLE idempotency (
    key TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, response TEXT, claimed_at INTEGER NOT NULL) WITHOUT ROWID;
  CREATE INDEX idempotency_age ON idempotency (claimed_at);

  CREATE TABLE jobs (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, lane TEXT NOT NULL, grp TEXT NOT NULL,
    dedupe_key TEXT NOT NULL UNIQUE, attempts INTEGER NOT NULL, not_before INTEGER NOT NULL,
    lease_until INTEGER NOT NULL DEFAULT 0, receipt TEXT, doc TEXT NOT NULL);
  CREATE INDEX jobs_heads ON jobs (lane, grp, seq);
  CREATE TABLE job_groups (grp TEXT PRIMARY KEY, served INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE dead_jobs (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, created_at INTEGER NOT NULL, doc TEXT NOT NULL);
`;

/** Records that could not be processed, see core/records. */
const FAILED_RECORDS = `
  CREATE TABLE failed_records (
    kind TEXT NOT NULL, id TEXT NOT NULL, project TEXT, tries INTEGER NOT NULL, why TEXT NOT NULL, since INTEGER NOT NULL,
    PRIMARY KEY (kind, id)) WITHOUT ROWID;
`;

/** Single values that the platform remembers of itself, see core/ports/facts.ts. */
const FACTS = 'CREATE TABLE facts (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID';

/**
 * The uploads of each project, see core/ports/uploads.ts. Up to version 3 these were keys `upload/<project>/<hash>` of
 * the idempotency table.
 */
const UPLOADS = `
  CREATE TABLE uploads (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, project_id TEXT NOT NULL, hash TEXT NOT NULL, recorded_at INTEGER NOT NULL,
    UNIQUE (project_id, hash));
  CREATE INDEX uploads_newest ON uploads (project_id, seq);
  CREATE INDEX uploads_age ON uploads (recorded_at);
  INSERT INTO uploads (project_id, hash, recorded_at)
    SELECT substr(key, 8, length(key) - 72), substr(key, -64), claimed_at FROM idempotency
    WHERE key GLOB 'upload/*/*' AND response IS NOT NULL ORDER BY claimed_at;
  DELETE FROM idempotency WHERE key GLOB 'upload/*/*';
`;

/** A field of aliases was called `reachableUntil` up to version 4. A damaged row stays as it is. */
const SKEW_PROTECTED_UNTIL = `
  UPDATE aliases SET doc =
    json_set(json_remove(doc, '$.reachableUntil'), '$.skewProtectedUntil', json_extract(doc, '$.reachableUntil'))
    WHERE CASE WHEN json_valid(doc) THEN json_type(doc, '$.reachableUntil') END = 'object';
`;

/** Certificates, their orders and accounts: what `CertificateStore` promises. */
const CERTIFICATES = `
  CREATE TABLE certificate_records (
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    version INTEGER NOT NULL,
    doc TEXT NOT NULL,
    PRIMARY KEY (kind, id)
  ) WITHOUT ROWID;
`;

/** Domains: at most one record per project and name, and one holder per name. */
const DOMAINS = `
  CREATE TABLE domains (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, version INTEGER NOT NULL, created_at INTEGER NOT NULL,
    project_id TEXT NOT NULL, name TEXT NOT NULL, reversed TEXT NOT NULL, holder INTEGER NOT NULL,
    removed INTEGER NOT NULL, next_check_at INTEGER, removed_at INTEGER, doc TEXT NOT NULL,
    UNIQUE (project_id, name));
  CREATE UNIQUE INDEX domains_holder ON domains (name) WHERE holder = 1;
  CREATE INDEX domains_name ON domains (name);
  CREATE INDEX domains_reversed ON domains (reversed);
  CREATE INDEX domains_newest ON domains (project_id, created_at, seq);
  CREATE INDEX domains_due ON domains (next_check_at) WHERE next_check_at IS NOT NULL;
`;

/** The audit log. A complete entry never changes, whatever writes to the database: see core/ports/audit-store.ts. */
const AUDIT = `
  CREATE TABLE audit (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, version INTEGER NOT NULL, created_at INTEGER NOT NULL,
    project_id TEXT, actor_id TEXT, action TEXT NOT NULL, complete INTEGER NOT NULL, doc TEXT NOT NULL);
  CREATE INDEX audit_newest ON audit (created_at, seq);
  CREATE INDEX audit_project ON audit (project_id, created_at, seq);
  CREATE INDEX audit_actor ON audit (actor_id, created_at, seq);
  CREATE INDEX audit_action ON audit (action, created_at, seq);
  CREATE TRIGGER audit_append_only BEFORE UPDATE ON audit WHEN OLD.complete = 1
    BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
`;

/** People, teams with their members, invitations, sessions, and what proves a person on one machine. */
const PEOPLE = `
  CREATE TABLE people (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, version INTEGER NOT NULL, created_at INTEGER NOT NULL,
    email TEXT NOT NULL UNIQUE, doc TEXT NOT NULL);
  CREATE INDEX people_newest ON people (created_at, seq);
  CREATE TABLE teams (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, version INTEGER NOT NULL, created_at INTEGER NOT NULL,
    name TEXT NOT NULL UNIQUE, doc TEXT NOT NULL);
  CREATE INDEX teams_newest ON teams (created_at, seq);
  CREATE TABLE invitations (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, version INTEGER NOT NULL, created_at INTEGER NOT NULL,
    hash TEXT NOT NULL UNIQUE, team_id TEXT NOT NULL, expires_at INTEGER NOT NULL, doc TEXT NOT NULL);
  CREATE INDEX invitations_newest ON invitations (team_id, created_at, seq);
  CREATE TABLE sessions (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, version INTEGER NOT NULL, created_at INTEGER NOT NULL,
    hash TEXT NOT NULL UNIQUE, person_id TEXT NOT NULL, expires_at INTEGER NOT NULL, doc TEXT NOT NULL);
  CREATE INDEX sessions_person ON sessions (person_id, created_at, seq);
  CREATE TABLE passwords (person_id TEXT PRIMARY KEY, hash TEXT NOT NULL) WITHOUT ROWID;
  ALTER TABLE tokens ADD COLUMN team_id TEXT;
  CREATE INDEX tokens_team ON tokens (team_id, created_at, seq) WHERE team_id IS NOT NULL;
  ALTER TABLE audit ADD COLUMN team_id TEXT;
  CREATE INDEX audit_team ON audit (team_id, created_at, seq);
`;

export const MIGRATIONS: readonly Migration[] = [
  { version: 1, sql: FIRST },
  { version: 2, sql: FAILED_RECORDS },
  { version: 3, sql: FACTS },
  { version: 4, sql: UPLOADS },
  { version: 5, sql: SKEW_PROTECTED_UNTIL },
  { version: 6, sql: CERTIFICATES },
  { version: 7, sql: DOMAINS },
  { version: 8, sql: AUDIT },
  { version: 9, sql: PEOPLE },
];

/**
 * Brings the schema to the newest version, each step in a transaction of its own. A newer schema than `migrations`
 * knows is refused untouched.
 */
export function migrate(
  sqlite: DatabaseSync,
  readOnly: boolean,
  migrations: readonly Migration[] = MIGRATIONS,
): Result<void> {
  const newest = migrations.at(-1)?.version ?? 0;
  const present = schemaVersion(sqlite);
  if (present > newest) {
    return fail(
      'unsupported',
      `The database has schema ${present}, this version of Anchor Deploy knows schemas up to ${newest}`,
      'Start the newer version again, or restore a backup made with this one.',
    );
  }
  if (present === newest) return ok(undefined);
  if (readOnly)
    return fail(
      'not_ready',
      `The database has schema ${present}, this process needs ${newest}`,
      'Start the server: it migrates the database.',
    );
  sqlite.exec(
    'CREATE TABLE IF NOT EXISTS schema_migrations (version INTEGER PRIMARY KEY, applied_at INTEGER NOT NULL)',
  );
  for (const { version, sql } of migrations) {
    sqlite.exec('BEGIN IMMEDIATE');
    try {
      // Read again under the lock: another process may have migrated meanwhile.
      if (version > schemaVersion(sqlite)) {
        sqlite.exec(sql);
        sqlite.prepare('INSERT INTO schema_migrations (version, applied_at) VALUES (?, ?)').run(version, Date.now());
      }
      sqlite.exec('COMMIT');
    } catch (error) {
      if (sqlite.isTransaction) sqlite.exec('ROLLBACK');
      throw error;
    }
  }
  return ok(undefined);
}

/** Accepts any schema, but there has to be one. */
export const anySchema = (sqlite: DatabaseSync): Result<void> =>
  schemaVersion(sqlite) > 0
    ? ok(undefined)
    : fail('not_ready', 'The database has no schema yet', 'Start the server: it makes one.');

function schemaVersion(sqlite: DatabaseSync): number {
  const exists = sqlite
    .prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'schema_migrations'")
    .get();
  if (exists === undefined) return 0;
  return Number(
    sqlite.prepare('SELECT COALESCE(MAX(version), 0) AS version FROM schema_migrations').get()?.['version'],
  );
}
