import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createOnDemandRevalidation } from './revalidate.ts';

/** The paths that are requested for what the app names. */
async function requested(basePath: string, ...paths: readonly string[]): Promise<readonly string[]> {
  const seen: string[] = [];
  const revalidate = createOnDemandRevalidation(async (request, response) => {
    seen.push(String(request.url));
    response.setHeader('x-nextjs-cache', 'REVALIDATED');
    response.end();
  }, basePath);
  for (const urlPath of paths) await revalidate({ urlPath, headers: {}, opts: {} });
  return seen;
}

test('a path is named with its basePath or without it, and means the same page', async () => {
  assert.deepEqual(await requested('/base', '/p/one', '/base/p/one', '/', '/base', '/based/on', '/base?x=1'), [
    '/base/p/one',
    '/base/p/one',
    '/base',
    '/base',
    '/base/based/on',
    '/base?x=1',
  ]);
});

test("without a basePath a path is the app's own", async () => {
  assert.deepEqual(await requested('', '/p/one', '/'), ['/p/one', '/']);
});
