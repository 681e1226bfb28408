import { statSync } from 'node:fs';
import type { HostRoute, RouteTable } from '@anchor/core/ports/route-table.ts';
import { openDatabase, type Database } from './database.ts';
import { routeOf, type RouteRow } from './route.ts';

/** Far below the 100 ms that a switch may take to be seen; one look costs some 10 µs. */
const POLL_MS = 20;
/** How often the file itself is looked at: it may not be there yet, or a restore may have put another in its place. */
const FILE_POLL_MS = 500;

const COLUMNS = `a.host, a.project_id, a.deployment_id, a.seq, a.removed, d.artifact,
  (SELECT group_concat(e.id || ' ' || e.artifact || ' ' || coalesce(json_extract(a.doc, '$.reachableUntil.' || e.id), 0), ',' ORDER BY h.key) FROM json_each(a.history) h JOIN deployments e ON e.id = h.value WHERE e.artifact IS NOT NULL) AS earlier`;
const CHANGED = `SELECT ${COLUMNS} FROM aliases a LEFT JOIN deployments d ON d.id = a.deployment_id WHERE a.seq > ? ORDER BY a.seq`;
const ONE = `SELECT ${COLUMNS} FROM aliases a LEFT JOIN deployments d ON d.id = a.deployment_id WHERE a.host = ?`;

/**
 * The aliases, read straight from the platform's database: no process has to be running for it. Opens read-only, waits
 * for a database that is not there yet, reads only what has changed, and keeps what it knows when reading fails.
 */
export function openRouteTable(file: string): RouteTable {
  const routes = new Map<string, HostRoute>();
  /** Hosts whose deployment has no artifact yet: looked at again after every change. */
  let unready = new Set<string>();
  let db: Database | undefined;
  let inode = 0;
  let seenVersion = -1;
  let seenSeq = 0;
  let nextFileCheck = 0;
  let generation = 0;

  const take = (row: RouteRow): void => {
    const host = String(row['host']);
    const route = routeOf(row);
    generation++;
    if (route === undefined) routes.delete(host);
    else routes.set(route.host, route);
    if (route === undefined && row['removed'] === 0) unready.add(host);
  };

  const read = (from: Database): void => {
    const version = from.dataVersion();
    if (version === seenVersion) return;
    const again = unready;
    unready = new Set();
    for (const row of from.all(CHANGED, seenSeq)) {
      take(row);
      again.delete(String(row['host']));
      seenSeq = Number(row['seq']);
    }
    for (const host of again) {
      const row = from.get(ONE, host);
      if (row !== undefined) take(row);
    }
    // Only now: after a failure half-way the same rows are read again.
    seenVersion = version;
  };

  const forget = (): void => {
    db?.close();
    db = undefined;
  };

  /** Opens the file when it is there, and again when it has become another file. */
  const follow = (now: number): void => {
    nextFileCheck = now + FILE_POLL_MS;
    const there = statSync(file, { throwIfNoEntry: false });
    if (db !== undefined && there?.ino === inode) return;
    if (there === undefined) return;
    forget();
    const opened = openDatabase(file, { readOnly: true });
    if (!opened.ok) return;
    db = opened.value;
    inode = there.ino;
    seenVersion = -1;
    seenSeq = 0;
    const before = new Set(routes.keys());
    read(db);
    for (const row of db.all('SELECT host FROM aliases WHERE removed = 0')) before.delete(String(row['host']));
    for (const host of before) routes.delete(host);
    generation++;
  };

  const refresh = (): void => {
    const now = Date.now();
    try {
      if (db === undefined || now >= nextFileCheck) follow(now);
      if (db !== undefined) read(db);
    } catch {
      // Locked for recovery, or the disk fails: what is known goes on being served, and the next look tries again.
      forget();
    }
  };

  refresh();
  const timer = setInterval(refresh, POLL_MS);
  timer.unref();
  return {
    lookup: (host) => routes.get(host),
    generation: () => generation,
    refresh,
    close: () => {
      clearInterval(timer);
      forget();
    },
  };
}
