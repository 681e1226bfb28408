/**
 * A page of a listing, newest first. `cursor` is opaque; absent on the last page. An unknown cursor returns an empty
 * page.
 */
export type Page<T> = Readonly<{ items: readonly T[]; cursor?: string }>;
/** `limit` 1 to 100. */
export type PageRequest = Readonly<{ limit: number; cursor?: string }>;
