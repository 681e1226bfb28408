import type { Page } from '../schemas/page.ts';
import type { ApiResult } from './result.ts';

/** Every item of a listing, page after page: `allPages((cursor) => client.projects.list({ cursor }))`. Ends after the first problem. */
export async function* allPages<T>(page: (cursor: string | undefined) => Promise<ApiResult<Page<T>>>): AsyncGenerator<ApiResult<T>> {
  let cursor: string | undefined;
  do {
    const answer = await page(cursor);
    if (!answer.ok) return yield answer;
    for (const value of answer.value.items) yield { ok: true, value };
    cursor = answer.value.cursor;
  } while (cursor !== undefined);
}
