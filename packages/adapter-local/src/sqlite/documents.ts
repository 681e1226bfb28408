import type { SQLInputValue } from 'node:sqlite';
import type { Page, PageRequest } from '@anchor/core/ports/page.ts';
import type { Store } from '@anchor/core/ports/stores.ts';
import { itemOf, itemsOf } from './damaged-rows.ts';
import type { Database, Row } from './database.ts';

/** A table that holds one kind of item: the whole item as JSON, and the columns that it is found by. */
type Spec<T> = Readonly<{ table: string; columns: Readonly<Record<string, (item: T) => SQLInputValue>> }>;
type Item = Readonly<{ id: string; version: number }>;
type Where = Readonly<Record<string, SQLInputValue | undefined>>;

export type Documents<T extends Item> = Store<T, T['id']> &
  Readonly<{
    /** Inserts inside a transaction of the caller. */
    insertInTx(item: T): boolean;
    replaceInTx(item: T): boolean;
    deleteInTx(id: T['id']): void;
    find(where: Where): T | undefined;
    all(where: Where, order: string): readonly T[];
    page(where: Where, request: PageRequest): Page<T>;
  }>;

/**
 * Implements the conditional writes of every store, over one table. `find`, `all` and `page` select by equal columns;
 * an undefined one selects nothing. Damaged rows are skipped.
 */
export function documents<T extends Item>(db: Database, { table, columns }: Spec<T>): Documents<T> {
  const names = ['id', 'version', ...Object.keys(columns), 'doc'];
  const values = (item: T): SQLInputValue[] => [
    item.id,
    item.version,
    ...Object.values(columns).map((of) => of(item)),
    JSON.stringify(item),
  ];
  const insert = `INSERT INTO ${table} (${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')}) ON CONFLICT DO NOTHING`;
  const update = `UPDATE OR IGNORE ${table} SET ${names.map((name) => `${name} = ?`).join(', ')} WHERE id = ? AND version = ?`;
  const select = (fields: string, where: Where, more = '') => {
    const given = Object.entries(where).filter((entry): entry is [string, SQLInputValue] => entry[1] !== undefined);
    const conditions = [...given.map(([name]) => `${name} = ?`), ...(more === '' ? [] : [more])];
    const sql = `SELECT ${fields} FROM ${table}${conditions.length > 0 ? ` WHERE ${conditions.join(' AND ')}` : ''}`;
    return { sql, values: given.map(([, value]) => value) };
  };

  /** Columns that identify a damaged row in its report; they are read with it. */
  const selected = ['id', ...('project_id' in columns ? ['project_id'] : []), 'doc'].join(', ');
  const read = (row: Row | undefined): T | undefined => (row === undefined ? undefined : itemOf<T>(db, table, row));

  const insertInTx = (item: T): boolean => db.run(insert, ...values(item)) === 1;
  const replaceInTx = (item: T): boolean => db.run(update, ...values(item), item.id, item.version - 1) === 1;
  const deleteInTx = (id: T['id']): void => void db.run(`DELETE FROM ${table} WHERE id = ?`, id);

  const page = (where: Where, request: PageRequest): Page<T> => {
    const from = request.cursor === undefined ? [] : parseCursor(request.cursor);
    if (from === undefined) return { items: [] };
    const query = select(`created_at, seq, ${selected}`, where, from.length === 0 ? '' : '(created_at, seq) < (?, ?)');
    const rows = db.all(
      `${query.sql} ORDER BY created_at DESC, seq DESC LIMIT ?`,
      ...query.values,
      ...from,
      request.limit + 1,
    );
    const items = itemsOf<T>(db, table, rows.slice(0, request.limit));
    const cursor = cursorAfter(rows, request.limit);
    return cursor === undefined ? { items } : { items, cursor };
  };

  return {
    insertInTx,
    replaceInTx,
    deleteInTx,
    get: async (id) => read(db.get(`SELECT ${selected} FROM ${table} WHERE id = ?`, id)),
    insert: (item) => db.write(() => insertInTx(item)),
    replace: (item) => db.write(() => replaceInTx(item)),
    remove: (id) => db.write(() => deleteInTx(id)),
    find: (where) => {
      const query = select(selected, where);
      return read(db.get(query.sql, ...query.values));
    },
    all: (where, order) => {
      const query = select(selected, where);
      return itemsOf<T>(db, table, db.all(`${query.sql} ORDER BY ${order}`, ...query.values));
    },
    page,
  };
}

/** Returns the cursor of the next page from rows read up to one beyond the limit; undefined on the last page. */
function cursorAfter(rows: readonly Row[], limit: number): string | undefined {
  const last = rows[limit - 1];
  return rows.length > limit && last !== undefined ? `${Number(last['created_at'])}.${Number(last['seq'])}` : undefined;
}

function parseCursor(cursor: string): readonly [number, number] | undefined {
  const match = /^(\d{1,15})\.(\d{1,15})$/.exec(cursor);
  return match === null ? undefined : [Number(match[1]), Number(match[2])];
}
