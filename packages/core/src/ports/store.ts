/**
 * One aggregate per store, one item per aggregate. What every adapter promises:
 * - `insert` and `replace` are conditional writes on one item: durable when they resolve, refused with `false` when the
 *   item exists already or its `version` is not the expected one. (DynamoDB: ConditionExpression; items ≤ 400 KB.)
 * - `get` reads what the last resolved write left (strongly consistent).
 * - Listings may lag behind writes by moments and promise no order but "newest first by creation" (DynamoDB: global
 *   secondary index). No transaction spans two items, but for the one of `PushTransaction`: use cases are written as
 *   idempotent steps.
 */
export interface Store<T extends { readonly version: number }, Id> {
  /** Returns the item; undefined when there is none. */
  get(id: Id): Promise<T | undefined>;
  /** Returns false when an item with this id, or with this unique key (see each store), exists. */
  insert(item: T): Promise<boolean>;
  /** Writes `item` when the stored version is `item.version - 1`. */
  replace(item: T): Promise<boolean>;
  /** Removes it; removing what is not there is no error. */
  remove(id: Id): Promise<void>;
}
