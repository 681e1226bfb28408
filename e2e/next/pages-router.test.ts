import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareAll } from './compare.ts';
import { declareApi } from './pages-router/api.ts';
import { requests } from './pages-router/requests.ts';
import { declareBrowser } from './pages-router/browser.ts';
import { declareData } from './pages-router/data.ts';
import { declareRevalidation } from './pages-router/isr.ts';
import { declarePages } from './pages-router/pages.ts';
import { buildIdOf } from './pages-router/text.ts';
import { inEveryPhase } from './site.ts';
import { useStage } from './stage.ts';

/** The Pages Router on a deployed site: by itself, in a browser, and request by request against `next start`. */
const stage = useStage(['browser', 'reference', 'gates'], { app: 'pages-router', hold: '/api/hold' });
const site = () => stage.site;

inEveryPhase(site, (phase) => {
  const unique = phase.replaceAll(' ', '-');
  declarePages(site);
  declareRevalidation(site, unique);
  declareApi(site, () => stage.gates);
  declareData(site, unique);
  declareBrowser(site, () => stage.browser, unique);
});

test('every request gets the response of next start, but for what is explained', async () => {
  const { request } = stage.site;
  assert.deepEqual(
    await compareAll({ buildId: buildIdOf(await request('/ssr')), request }, stage.reference, requests),
    [],
  );
});
