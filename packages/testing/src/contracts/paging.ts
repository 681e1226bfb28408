import assert from 'node:assert/strict';
import type { Page, PageRequest } from '@anchor/core/ports/page.ts';
import { eventually } from '../eventually.ts';

/** Follows a listing to its end and checks each page on the way. */
export async function everyPage<T>(
  list: (request: PageRequest) => Promise<Page<T>>,
  limit: number,
): Promise<readonly T[]> {
  const items: T[] = [];
  for (let cursor: string | undefined; ;) {
    const page: Page<T> = await list(cursor === undefined ? { limit } : { limit, cursor });
    assert.ok(page.items.length <= limit, `a page of ${page.items.length} where ${limit} were requested`);
    items.push(...page.items);
    if (page.cursor === undefined) return items;
    assert.notEqual(page.cursor, cursor);
    cursor = page.cursor;
  }
}

/**
 * Checks that a listing holds exactly these ids, newest first, whatever the page size. It may take moments to show a
 * write.
 */
export async function lists(
  list: (request: PageRequest) => Promise<Page<Readonly<{ id: string }>>>,
  newestFirst: readonly Readonly<{ id: string }>[],
): Promise<void> {
  const ids = newestFirst.map((item) => item.id);
  for (const limit of [1, 2, 3, 100]) {
    await eventually(async () =>
      assert.deepEqual(
        (await everyPage(list, limit)).map((item) => item.id),
        ids,
      ),
    );
  }
  assert.deepEqual(await list({ limit: 10, cursor: 'not one of its cursors' }), { items: [] });
}
