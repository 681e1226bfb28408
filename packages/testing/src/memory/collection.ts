import type { Page, PageRequest } from '@anchor/core/ports/page.ts';
import type { Store } from '@anchor/core/ports/stores.ts';

type Item = Readonly<{ id: string; version: number }>;
type Entry = Readonly<{ json: string; seq: number }>;

/** Items in memory, stored as JSON so that no caller shares an object with the store. */
export type Collection<T extends Item> = Store<T, T['id']> &
  Readonly<{
    peek(id: string): T | undefined;
    /** Returns whether `insert` would succeed. */
    fits(item: T): boolean;
    /** Runs `insert` in this very turn. */
    add(item: T): boolean;
    where(test: (item: T) => boolean): readonly T[];
    page(test: (item: T) => boolean, createdAt: (item: T) => number, request: PageRequest): Page<T>;
  }>;

/** Creates a collection. `unique` returns the key that no two items may share. */
export function collection<T extends Item>(unique: (item: T) => string): Collection<T> {
  const entries = new Map<string, Entry>();
  let seq = 0;
  const decode = (entry: Entry): T => {
    const item: T = JSON.parse(entry.json);
    return item;
  };
  const all = (): readonly T[] => [...entries.values()].map(decode);
  const taken = (item: T): boolean => all().some((other) => other.id !== item.id && unique(other) === unique(item));
  const peek = (id: string): T | undefined => {
    const entry = entries.get(id);
    return entry === undefined ? undefined : decode(entry);
  };

  const fits = (item: T): boolean => !entries.has(item.id) && !taken(item);
  const add = (item: T): boolean => {
    if (!fits(item)) return false;
    seq += 1;
    entries.set(item.id, { json: JSON.stringify(item), seq });
    return true;
  };

  return {
    peek,
    get: async (id) => peek(id),
    fits,
    add,
    insert: async (item) => add(item),
    replace: async (item) => {
      const entry = entries.get(item.id);
      if (entry === undefined || decode(entry).version !== item.version - 1 || taken(item)) return false;
      entries.set(item.id, { json: JSON.stringify(item), seq: entry.seq });
      return true;
    },
    remove: async (id) => void entries.delete(id),
    where: (test) => all().filter(test),
    page: (test, createdAt, request) => {
      const newestFirst = [...entries.values()]
        .map((entry) => ({ item: decode(entry), seq: entry.seq }))
        .filter(({ item }) => test(item))
        .sort((a, b) => createdAt(b.item) - createdAt(a.item) || b.seq - a.seq);
      return pageOf(
        newestFirst,
        ({ item, seq }) => `${createdAt(item)}.${seq}`,
        request,
        ({ item }) => item,
      );
    },
  };
}

/** Returns a page of sorted entries: those behind the one that the cursor names. */
export function pageOf<E, T>(
  sorted: readonly E[],
  cursorOf: (entry: E) => string,
  request: PageRequest,
  itemOf: (entry: E) => T,
): Page<T> {
  const found = sorted.findIndex((entry) => cursorOf(entry) === request.cursor);
  if (request.cursor !== undefined && found < 0) return { items: [] };
  const from = sorted.slice(found + 1);
  const items = from.slice(0, request.limit);
  const last = items.at(-1);
  const more = from.length > items.length && last !== undefined;
  return more ? { items: items.map(itemOf), cursor: cursorOf(last) } : { items: items.map(itemOf) };
}
