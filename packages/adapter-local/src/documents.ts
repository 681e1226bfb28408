import type { SQLInputValue } from 'node:sqlite';
import type { Page, PageRequest } from '@anchor/core/ports/page.ts';
import type { Store } from '@anchor/core/ports/stores.ts';
import type { Database, Row } from './database.ts';

/** A table that holds one kind of item: the whole item as JSON, and the columns that it is found by. */
type Spec<T> = Readonly<{ table: string; columns: Readonly<Record<string, (item: T) => SQLInputValue>> }>;
type Item = Readonly<{ id: string; version: number }>;
type Where = Readonly<Record<string, SQLInputValue | undefined>>;

export type Documents<T extends Item> = Store<T, T['id']> & Readonly<{
  /** `insert` and `remove` inside `write`, as part of what else is written there. */
  add(item: T): boolean;
  drop(id: T['id']): void;
  find(where: Where): T | undefined;
  all(where: Where, order: string): readonly T[];
  page(where: Where, request: PageRequest): Page<T>;
}>;

/** The conditional writes of every store, over one table. `find`, `all` and `page` select by equal columns; an undefined one selects nothing. */
export function documents<T extends Item>(db: Database, { table, columns }: Spec<T>): Documents<T> {
  const names = ['id', 'version', ...Object.keys(columns), 'doc'];
  const values = (item: T): SQLInputValue[] => [item.id, item.version, ...Object.values(columns).map((of) => of(item)), JSON.stringify(item)];
  const insert = `INSERT INTO ${table} (${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')}) ON CONFLICT DO NOTHING`;
  const update = `UPDATE OR IGNORE ${table} SET ${names.map((name) => `${name} = ?`).join(', ')} WHERE id = ? AND version = ?`;
  const select = (selected: string, where: Where, more = '') => {
    const given = Object.entries(where).filter((entry): entry is [string, SQLInputValue] => entry[1] !== undefined);
    const conditions = [...given.map(([name]) => `${name} = ?`), ...(more === '' ? [] : [more])];
    const sql = `SELECT ${selected} FROM ${table}${conditions.length > 0 ? ` WHERE ${conditions.join(' AND ')}` : ''}`;
    return { sql, values: given.map(([, value]) => value) };
  };

  const add = (item: T): boolean => db.run(insert, ...values(item)) === 1;
  const drop = (id: T['id']): void => void db.run(`DELETE FROM ${table} WHERE id = ?`, id);

  return {
    add, drop,
    get: async (id) => read<T>(db.get(`SELECT doc FROM ${table} WHERE id = ?`, id)),
    insert: (item) => db.write(() => add(item)),
    replace: (item) => db.write(() => db.run(update, ...values(item), item.id, item.version - 1) === 1),
    remove: (id) => db.write(() => drop(id)),
    find: (where) => {
      const query = select('doc', where);
      return read<T>(db.get(query.sql, ...query.values));
    },
    all: (where, order) => {
      const query = select('doc', where);
      return db.all(`${query.sql} ORDER BY ${order}`, ...query.values).map((row) => parse<T>(row));
    },
    page: (where, request) => {
      const from = request.cursor === undefined ? [] : parseCursor(request.cursor);
      if (from === undefined) return { items: [] };
      const query = select('created_at, seq, doc', where, from.length === 0 ? '' : '(created_at, seq) < (?, ?)');
      const rows = db.all(`${query.sql} ORDER BY created_at DESC, seq DESC LIMIT ?`, ...query.values, ...from, request.limit + 1);
      const items = rows.slice(0, request.limit).map((row) => parse<T>(row));
      const last = rows[request.limit - 1];
      return rows.length > request.limit && last !== undefined ? { items, cursor: `${Number(last['created_at'])}.${Number(last['seq'])}` } : { items };
    },
  };
}

function parseCursor(cursor: string): readonly [number, number] | undefined {
  const match = /^(\d{1,15})\.(\d{1,15})$/.exec(cursor);
  return match === null ? undefined : [Number(match[1]), Number(match[2])];
}

/** Only this code writes `doc`, always from a `T` of the same table. */
export function parse<T>(row: Row): T {
  const item: T = JSON.parse(String(row['doc']));
  return item;
}
const read = <T>(row: Row | undefined): T | undefined => (row === undefined ? undefined : parse<T>(row));
