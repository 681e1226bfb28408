import { after, before } from 'node:test';
import type { Browser } from 'playwright-core';
import { launchBrowser } from '../browser.ts';
import { startPlatform, type Platform } from '../platform.ts';
import { declareActions } from './app-router/actions.ts';
import { declareBrowsing } from './app-router/in-browser.ts';
import { deployApp, inEveryPhase, type Site } from './site.ts';

/** The App Router on a deployed site in a real browser. */
let platform: Platform;
let site: Site;
let browser: Browser;

before(async () => {
  platform = await startPlatform();
  browser = await launchBrowser();
  site = await deployApp(platform, { app: 'app-router', hold: '/api/hold' });
});
after(async () => {
  await browser?.close();
  await site?.remove();
  await platform?.stop();
});

inEveryPhase(() => site, () => {
  declareBrowsing(() => browser, () => site);
  declareActions(() => browser, () => site);
});
