import type { Page } from '../schemas/page.ts';
import type { ApiResult } from './result.ts';

/**
 * Yields every item of a listing, page after page: `allPages((cursor) => client.projects.list({ cursor }))`. Ends after
 * the first problem, which it yields.
 */
export async function* allPages<T>(
  page: (cursor: string | undefined) => Promise<ApiResult<Page<T>>>,
): AsyncGenerator<ApiResult<T>> {
  let cursor: string | undefined;
  do {
    const result = await page(cursor);
    if (!result.ok) return yield result;
    for (const value of result.value.items) yield { ok: true, value };
    cursor = result.value.cursor;
  } while (cursor !== undefined);
}
