import type { Database, Row } from './database.ts';

/** The fields that the code cannot do without, and their types. Far cheaper than a whole schema on every read. */
type Shape = Readonly<Record<string, 'string' | 'number' | 'boolean' | 'object' | 'array'>>;

export const SHAPES: Readonly<Record<string, Shape>> = {
  projects: {
    id: 'string',
    name: 'string',
    source: 'object',
    productionBranch: 'string',
    branchRules: 'array',
    build: 'object',
    health: 'object',
    functions: 'object',
    webhookSecret: 'string',
    status: 'string',
    createdAt: 'number',
    version: 'number',
  },
  deployments: {
    id: 'string',
    projectId: 'string',
    environment: 'string',
    source: 'object',
    dedupeKey: 'string',
    state: 'string',
    trusted: 'boolean',
    host: 'string',
    steps: 'array',
    attempt: 'number',
    createdAt: 'number',
    updatedAt: 'number',
    version: 'number',
  },
  deliveries: {
    id: 'string',
    projectId: 'string',
    source: 'string',
    externalId: 'string',
    event: 'string',
    headers: 'object',
    body: 'string',
    state: 'string',
    deploymentIds: 'array',
    receivedAt: 'number',
    version: 'number',
  },
  variables: {
    id: 'string',
    projectId: 'string',
    environment: 'string',
    name: 'string',
    sealed: 'string',
    scope: 'string',
    version: 'number',
  },
  tokens: { id: 'string', name: 'string', hash: 'string', scope: 'string', createdAt: 'number', version: 'number' },
  domains: {
    id: 'string',
    name: 'string',
    projectId: 'string',
    target: 'object',
    state: 'string',
    reason: 'string',
    steps: 'array',
    holder: 'boolean',
    ownership: 'object',
    checkToken: 'string',
    attempts: 'number',
    events: 'array',
    createdAt: 'number',
    version: 'number',
  },
  aliases: {
    host: 'string',
    projectId: 'string',
    deploymentId: 'string',
    kind: 'string',
    target: 'string',
    history: 'array',
    revision: 'number',
  },
  audit: {
    id: 'string',
    at: 'number',
    actor: 'object',
    action: 'string',
    target: 'object',
    requestId: 'string',
    outcome: 'string',
  },
  people: { id: 'string', email: 'string', name: 'string', teams: 'array', createdAt: 'number', version: 'number' },
  teams: { id: 'string', name: 'string', members: 'array', createdAt: 'number', version: 'number' },
  invitations: {
    id: 'string',
    teamId: 'string',
    hash: 'string',
    grant: 'object',
    expiresAt: 'number',
    createdAt: 'number',
    version: 'number',
  },
  sessions: {
    id: 'string',
    personId: 'string',
    kind: 'string',
    hash: 'string',
    lastUsedAt: 'number',
    renewedAt: 'number',
    expiresAt: 'number',
    createdAt: 'number',
    version: 'number',
  },
  jobs: {
    id: 'string',
    lane: 'string',
    group: 'string',
    kind: 'string',
    payload: 'object',
    dedupeKey: 'string',
    createdAt: 'number',
  },
  dead_jobs: {
    id: 'string',
    lane: 'string',
    group: 'string',
    kind: 'string',
    payload: 'object',
    attempts: 'number',
    reason: 'string',
    createdAt: 'number',
    diedAt: 'number',
  },
};

/** The kind of failed records for rows; their id is `<table>:<key>`. */
export const ROW_KIND = 'row';

const NOTE = `INSERT INTO failed_records (kind, id, project, tries, why, since) VALUES ('${ROW_KIND}', ?, ?, 3, ?, ?) ON CONFLICT (kind, id) DO UPDATE SET why = excluded.why`;

const noted = new WeakMap<Database, Map<string, Promise<unknown>>>();

/** Resolves when every damaged row that was met so far is listed. */
export const damagedRowsListed = async (db: Database): Promise<void> =>
  void (await Promise.all(noted.get(db)?.values() ?? []));

/**
 * Returns the item of a row, or undefined when its JSON is invalid or does not match its table. Such a row is listed
 * among the failed records and skipped, so that it breaks no list, no start and no other record. Only this package
 * writes `doc`, always from a `T` of the same table.
 */
export function itemOf<T>(db: Database, table: string, row: Row): T | undefined {
  try {
    const item: unknown = JSON.parse(String(row['doc']));
    const wrong = wrongField(item, SHAPES[table] ?? {});
    if (wrong === undefined) return item as T;
    note(db, table, row, `its ${wrong}`);
  } catch (error) {
    note(db, table, row, error instanceof Error ? error.message : String(error));
  }
  return undefined;
}

export const itemsOf = <T>(db: Database, table: string, rows: readonly Row[]): readonly T[] =>
  rows.flatMap((row) => {
    const item = itemOf<T>(db, table, row);
    return item === undefined ? [] : [item];
  });

/** Returns whether the row is sound now, or gone. */
export function rowIsSound(db: Database, id: string): boolean {
  const { table, key, column } = placeOf(id);
  const row = table === undefined ? undefined : db.get(`SELECT doc FROM ${table} WHERE ${column} = ?`, key);
  if (row === undefined) return true;
  try {
    return wrongField(JSON.parse(String(row['doc'])), SHAPES[table ?? ''] ?? {}) === undefined;
  } catch {
    return false;
  }
}

/** Removes a damaged row; resolves with false for what is no row. */
export async function dropRow(db: Database, id: string): Promise<boolean> {
  const { table, key, column } = placeOf(id);
  if (table === undefined) return false;
  return await db.write(() => db.run(`DELETE FROM ${table} WHERE ${column} = ?`, key) === 1);
}

function placeOf(id: string): Readonly<{ table: string | undefined; key: string; column: string }> {
  const at = id.indexOf(':');
  const table = id.slice(0, at);
  return {
    table: Object.hasOwn(SHAPES, table) ? table : undefined,
    key: id.slice(at + 1),
    column: table === 'aliases' ? 'host' : 'id',
  };
}

function wrongField(item: unknown, shape: Shape): string | undefined {
  if (typeof item !== 'object' || item === null || Array.isArray(item)) return 'content is no object';
  const fields = item as Readonly<Record<string, unknown>>;
  for (const [name, type] of Object.entries(shape)) {
    const value = fields[name];
    const found = Array.isArray(value) ? 'array' : value === null ? 'null' : typeof value;
    if (found !== type) return `field ${name} is ${found === 'undefined' ? 'missing' : `of type ${found}`}`;
  }
  return undefined;
}

function note(db: Database, table: string, row: Row, why: string): void {
  const key = row['id'] ?? row['host'];
  if (db.readOnly || key === undefined) return;
  const id = `${table}:${String(key)}`;
  const known = noted.get(db) ?? new Map<string, Promise<unknown>>();
  noted.set(db, known);
  if (known.has(id)) return;
  const project = typeof row['project_id'] === 'string' ? row['project_id'] : null;
  // A note that cannot be written now is written at the next start.
  known.set(
    id,
    db
      .write(() => db.run(NOTE, id, project, `the row does not parse: ${why}`, Date.now()))
      .catch(() => known.delete(id)),
  );
}

/** Forgets that a row was listed, so that it is listed again when it is met again. */
export const forgetRow = (db: Database, id: string): void => void noted.get(db)?.delete(id);
