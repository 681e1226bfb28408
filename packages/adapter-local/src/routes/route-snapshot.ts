import { readFileSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import type { Database, Row } from '../sqlite/database.ts';
import type { RouteRow } from './route.ts';

/**
 * The columns of an alias that the edge reads. Columns whose JSON is damaged are read as empty: one row must not hide
 * the others. Up to schema 4 a field was called `reachableUntil`; an edge that has read it does not read it again.
 */
export const ROUTE_COLUMNS = `a.host, a.project_id, a.deployment_id, a.seq, a.removed, d.artifact,
  (SELECT group_concat(e.id || ' ' || e.artifact || ' ' || coalesce(CASE WHEN json_valid(a.doc) THEN
    coalesce(json_extract(a.doc, '$.skewProtectedUntil.' || e.id), json_extract(a.doc, '$.reachableUntil.' || e.id)) END, 0), ',' ORDER BY h.key)
    FROM json_each(CASE WHEN json_valid(a.history) THEN a.history ELSE '[]' END) h JOIN deployments e ON e.id = h.value WHERE e.artifact IS NOT NULL) AS previous`;
export const ROUTE_TABLES = 'aliases a LEFT JOIN deployments d ON d.id = a.deployment_id';

const FORMAT = 'anchor routes 1';
const LOOK_MS = 1_000;
const ROWS = 500;
const PAGE = `SELECT ${ROUTE_COLUMNS} FROM ${ROUTE_TABLES} WHERE a.removed = 0 AND a.host > ? ORDER BY a.host LIMIT ${ROWS}`;

/**
 * Keeps a file with all routes beside the database, so that an edge serves when the database is away, damaged, or
 * cannot be opened on a full disk. Written by the process that writes the database, at most a second after a change, in
 * pieces that yield the event loop. A failed write is retried.
 */
export function keepRouteSnapshot(
  db: Database,
  file: string,
  report: (error: unknown) => void,
): Readonly<{ stop(): Promise<void> }> {
  let written = -1;
  let failed = false;
  let stopped = false;
  let running: Promise<void> = Promise.resolve();
  let busy = false;
  const look = async (): Promise<void> => {
    try {
      const seq = Number(db.get('SELECT COALESCE(MAX(seq), 0) AS seq FROM aliases')?.['seq']);
      if (seq === written || stopped) return;
      await writeSnapshot(db, file);
      written = seq;
      failed = false;
    } catch (error) {
      if (!failed && !stopped) report(error);
      failed = true;
    }
  };
  const turn = (): void => {
    if (busy) return;
    busy = true;
    running = look().finally(() => {
      busy = false;
    });
  };
  turn();
  const timer = setInterval(turn, LOOK_MS);
  timer.unref();
  return {
    async stop() {
      clearInterval(timer);
      await running;
      await look();
      stopped = true;
    },
  };
}

async function writeSnapshot(db: Database, file: string): Promise<void> {
  const temporary = `${file}.new`;
  const handle = await open(temporary, 'w', 0o600);
  try {
    await handle.writeFile(`${FORMAT}\n`);
    let last = '';
    let count = 0;
    for (;;) {
      const rows = db.all(PAGE, last);
      if (rows.length === 0) break;
      await handle.writeFile(rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
      count += rows.length;
      last = String(rows.at(-1)?.['host']);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await handle.writeFile(`end ${count}\n`);
    await handle.sync();
  } catch (error) {
    await handle.close();
    await rm(temporary, { force: true });
    throw error;
  }
  await handle.close();
  await rename(temporary, file);
}

/** Returns the routes of a complete snapshot; none when there is no file, or only a part of one. */
export function readRouteSnapshot(file: string): readonly RouteRow[] {
  try {
    const lines = readFileSync(file, 'utf8').split('\n');
    const rows = lines.slice(1, -2);
    if (lines[0] !== FORMAT || lines.at(-2) !== `end ${rows.length}`) return [];
    return rows.map((line): Row => JSON.parse(line) as Row);
  } catch {
    return [];
  }
}
