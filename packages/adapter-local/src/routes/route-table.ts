import { statSync } from 'node:fs';
import { wildcardOver, type HostName } from '@anchor/core/names/name.ts';
import type { HostRoute, RouteTable } from '@anchor/core/ports/route-table.ts';
import { openDatabase, type Database } from '../sqlite/database.ts';
import { readRouteSnapshot, ROUTE_COLUMNS, ROUTE_TABLES } from './route-snapshot.ts';
import { routeOf, type RouteRow } from './route.ts';

/** Far below the 100 ms that a switch may take to be seen; one look costs some 10 µs. */
const POLL_MS = 20;
/** Interval at which the file itself is checked: it may not exist yet, or a restore may have replaced it. */
const FILE_POLL_MS = 500;

/** After a database that could not be opened. */
const RETRY_MS = 200;

const CHANGED = `SELECT ${ROUTE_COLUMNS} FROM ${ROUTE_TABLES} WHERE a.seq > ? ORDER BY a.seq`;
const ONE = `SELECT ${ROUTE_COLUMNS} FROM ${ROUTE_TABLES} WHERE a.host = ?`;
/** Removed aliases leave a row: only a database that was lost, or is new, has none. */
const EMPTY = 'SELECT NOT EXISTS (SELECT 1 FROM aliases) AS empty';

/** Opens the aliases of the database `file`; `snapshot` is a copy of them. */
export const openRouteTable = (file: string, snapshot?: string): RouteTable => new LocalRouteTable(file, snapshot);

/**
 * Reads the aliases straight from the platform's database, without any running process. Opens read-only, waits for a
 * database that does not exist yet, reads only what has changed, and keeps its data when reading fails. Until the
 * database can be read, and when it was lost, the routes of `snapshot` are served. Reads older schemas, too: the edge
 * does not wait for a migration.
 */
class LocalRouteTable implements RouteTable {
  readonly #file: string;
  readonly #snapshot: string | undefined;
  readonly #timer: NodeJS.Timeout;
  readonly #routes = new Map<string, HostRoute>();
  /** Hosts whose deployment has no artifact yet: checked again after every change. */
  #unready = new Set<string>();
  #db: Database | undefined;
  #inode = 0;
  #seenVersion = -1;
  #seenSeq = 0;
  #nextFileCheck = 0;
  #nextOpening = 0;
  #generation = 0;
  #fromSnapshot = false;

  constructor(file: string, snapshot: string | undefined) {
    this.#file = file;
    this.#snapshot = snapshot;
    this.refresh();
    if (this.#db === undefined) this.#takeSnapshot();
    this.#timer = setInterval(() => this.refresh(), POLL_MS).unref();
  }

  lookup(host: HostName): HostRoute | undefined {
    const route = this.#routes.get(host);
    if (route !== undefined) return route;
    const wildcard = wildcardOver(host);
    return wildcard === undefined ? undefined : this.#routes.get(wildcard);
  }

  generation(): number {
    return this.#generation;
  }

  refresh(): void {
    const now = Date.now();
    try {
      if (this.#db === undefined || now >= this.#nextFileCheck) this.#follow(now);
      if (this.#db !== undefined) this.#read(this.#db);
    } catch {
      // Locked for recovery, or the disk fails: the known routes stay in use, and the next lookup retries.
      this.#forget();
    }
  }

  close(): void {
    clearInterval(this.#timer);
    this.#forget();
  }

  /** Opens the file when it is there, and again when it has become another file. */
  #follow(now: number): void {
    this.#nextFileCheck = now + FILE_POLL_MS;
    const there = statSync(this.#file, { throwIfNoEntry: false });
    if (this.#db !== undefined && there?.ino === this.#inode) return;
    if (there === undefined) return;
    this.#forget();
    if (now < this.#nextOpening) return;
    this.#nextOpening = now + RETRY_MS;
    const opened = openDatabase(this.#file, { readOnly: true, anySchema: true });
    if (!opened.ok) return;
    if (opened.value.get(EMPTY)?.['empty'] === 1) {
      if (this.#inode === 0) this.#takeSnapshot();
      if (this.#fromSnapshot) return opened.value.close();
    }
    this.#fromSnapshot = false;
    this.#nextOpening = 0;
    this.#db = opened.value;
    this.#inode = there.ino;
    this.#readWhole(opened.value);
  }

  #readWhole(db: Database): void {
    this.#seenVersion = -1;
    this.#seenSeq = 0;
    const before = new Set(this.#routes.keys());
    this.#read(db);
    for (const row of db.all('SELECT host FROM aliases WHERE removed = 0')) before.delete(String(row['host']));
    for (const host of before) this.#routes.delete(host);
    this.#generation++;
  }

  /** Reads what has changed. */
  #read(db: Database): void {
    const version = db.dataVersion();
    if (version === this.#seenVersion) return;
    const retries = this.#unready;
    this.#unready = new Set();
    for (const row of db.all(CHANGED, this.#seenSeq)) {
      this.#take(row);
      retries.delete(String(row['host']));
      this.#seenSeq = Number(row['seq']);
    }
    for (const host of retries) {
      const row = db.get(ONE, host);
      if (row !== undefined) this.#take(row);
    }
    // Only now: after a failure half-way the same rows are read again.
    this.#seenVersion = version;
  }

  #take(row: RouteRow): void {
    const host = String(row['host']);
    const route = routeOf(row);
    this.#generation++;
    if (route === undefined) this.#routes.delete(host);
    else this.#routes.set(route.host, route);
    if (route === undefined && row['removed'] === 0) this.#unready.add(host);
  }

  #takeSnapshot(): void {
    if (this.#snapshot === undefined || this.#fromSnapshot) return;
    for (const row of readRouteSnapshot(this.#snapshot)) this.#take(row);
    this.#fromSnapshot = this.#routes.size > 0;
  }

  #forget(): void {
    this.#db?.close();
    this.#db = undefined;
  }
}
