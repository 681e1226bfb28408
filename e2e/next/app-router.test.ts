import { after, before } from 'node:test';
import { startPlatform, type Platform } from '../platform.ts';
import { declareHandlers } from './app-router/handlers.ts';
import { declareMetadata } from './app-router/metadata.ts';
import { declareNavigation } from './app-router/navigation.ts';
import { declarePages } from './app-router/pages.ts';
import { declareDrain, declareRequests } from './app-router/requests.ts';
import { declareStatuses } from './app-router/statuses.ts';
import { deployApp, inEveryPhase, type Site } from './site.ts';

/** Requests over HTTP to the App Router fixture on a deployed site; a browser's are in app-router-browser.test.ts. */
let platform: Platform;
let site: Site;

before(async () => {
  platform = await startPlatform();
  site = await deployApp(platform, { app: 'app-router', hold: '/api/hold' });
});
after(async () => {
  await site?.remove();
  await platform?.stop();
});

inEveryPhase(() => site, (phase) => {
  declarePages(() => site);
  declareStatuses(() => site);
  declareMetadata(() => site);
  declareHandlers(() => site);
  declareNavigation(() => site);
  declareRequests(() => site, phase);
});
declareDrain(() => site, async () => {
  platform = await platform.restart();
});
