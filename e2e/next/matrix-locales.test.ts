import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareAll, type ComparedRequest } from './compare.ts';
import { declareMatrix } from './matrix/declare.ts';

/** Every way to revalidate, of both routers, in every language and without middleware: as `next start` does it. */
const sides = declareMatrix({ name: 'locales', basePath: '', i18n: true, middleware: false });

const DATA = [
  'ssr.json',
  'en/ssr.json',
  'fr/ssr.json?x=1',
  'FR/ssr.json',
  'xx/ssr.json',
  'p/by-data.json',
  'fr/p/by-data-gone.json',
  'fr/plain.json',
  'fr/none.json',
].map((path) => `/_next/data/<build>/${path}`);
const PAGES = [
  '/ssr',
  '/fr/ssr?x=1',
  '/en/ssr',
  '/FR/ssr',
  '/%66r/ssr',
  '/ss%72',
  '/plain',
  '/fr/plain',
  '/fr/act',
  '/fr/none',
];

const MATCHED = { 'x-nextjs-matched-path': 'tells the client the page that it got, as on Vercel' };
const DIFFERS: Readonly<Record<string, Record<string, string>>> = {
  '/ss%72': { 'cache-control': 'a page that is missing now may be there tomorrow' },
  ...Object.fromEntries(DATA.filter((path) => /\/(?:en|fr|FR)\/ssr/.test(path)).map((path) => [path, MATCHED])),
};

test('pages and data are in the language of their path, without middleware too', async () => {
  const { ours, theirs } = sides();
  const requests = [...PAGES, ...DATA].flatMap((path): ComparedRequest[] => {
    const request: ComparedRequest = path in DIFFERS ? { path, differs: DIFFERS[path] ?? {} } : { path };
    return [request, { ...request, headers: { host: ours.domain } }];
  });
  assert.deepEqual(await compareAll(ours, theirs, requests), []);
});
