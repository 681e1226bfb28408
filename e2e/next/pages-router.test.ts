import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { launchBrowser } from '../browser.ts';
import { startPlatform, type Platform } from '../platform.ts';
import { compare } from './compare.ts';
import { declareApi } from './pages-router/api.ts';
import { asks } from './pages-router/asks.ts';
import { declareBrowser } from './pages-router/browser.ts';
import { declareData } from './pages-router/data.ts';
import { declareRevalidation } from './pages-router/isr.ts';
import { declarePages } from './pages-router/pages.ts';
import { buildIdOf } from './pages-router/text.ts';
import { startReference, type Reference } from './reference.ts';
import { deployApp, inEveryPhase, type Site } from './site.ts';

/** The Pages Router on a deployed site: by itself, in a browser, and request by request against `next start`. */
let platform: Platform;
let site: Site;
let reference: Reference;
let browser: Browser;

before(async () => {
  platform = await startPlatform();
  browser = await launchBrowser();
  const started = await Promise.allSettled([deployApp(platform, { app: 'pages-router', hold: '/api/hold' }).then((value) => (site = value)), startReference({ app: 'pages-router' }).then((value) => (reference = value))]);
  for (const one of started) if (one.status === 'rejected') throw one.reason;
});
after(async () => {
  await browser?.close();
  await reference?.stop();
  await site?.remove();
  await platform?.stop();
});

inEveryPhase(() => site, (phase) => {
  const unique = phase.replaceAll(' ', '-');
  declarePages(() => site);
  declareRevalidation(() => site, unique);
  declareApi(() => site);
  declareData(() => site, unique);
  declareBrowser(() => site, () => browser, unique);
});

test('every request is answered as next start answers it, but for what is explained', async () => {
  const ours = { buildId: buildIdOf(await site.visit('/ssr')), visit: site.visit };
  const lines: string[] = [];
  for (const ask of asks) lines.push(...(await compare(ours, reference, ask)));
  assert.deepEqual(lines, []);
});
