import { after, before } from 'node:test';
import { startPlatform, type Platform } from '../platform.ts';
import { declareData } from './caching/data.ts';
import { declareOutcomes } from './caching/outcomes.ts';
import { declarePurges } from './caching/purges.ts';
import { declareTime } from './caching/time.ts';
import { deployApp, inEveryPhase, type Site } from './site.ts';

/** Pages that live for a time and data that is cached, on a deployed site: who serves them, when they change, who makes them. */
let platform: Platform;
let site: Site;

before(async () => {
  platform = await startPlatform({ flags: ['--edge-workers', '2'] });
  site = await deployApp(platform, { app: 'isr', hold: '/api/hold' });
});
after(async () => {
  await site?.remove();
  await platform?.stop();
});

inEveryPhase(() => site, (phase) => {
  declareTime(() => site, phase);
  declarePurges(() => site, phase);
  declareOutcomes(() => site);
  declareData(() => site, phase);
});
