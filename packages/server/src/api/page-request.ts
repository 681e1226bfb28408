import type { PageRequest } from '@anchor/core/ports/page.ts';

const DEFAULT_LIMIT = 30;
export const pageRequest = (
  query: Readonly<{ limit?: number | undefined; cursor?: string | undefined }>,
): PageRequest => ({
  limit: query.limit ?? DEFAULT_LIMIT,
  ...(query.cursor === undefined ? {} : { cursor: query.cursor }),
});
