import { after, before } from 'node:test';
import { startPlatform, type Platform } from '../platform.ts';
import { declareComponents } from './caching/components.ts';
import { declareShell } from './caching/shell.ts';
import { deployApp, inEveryPhase, type Site } from './site.ts';

/** An app with cache components on a deployed site: what is kept, and pages whose shell is kept. */
let platform: Platform;
let site: Site;

before(async () => {
  platform = await startPlatform({ flags: ['--edge-workers', '2'] });
  site = await deployApp(platform, { app: 'caching', hold: '/api/hold' });
});
after(async () => {
  await site?.remove();
  await platform?.stop();
});

inEveryPhase(() => site, (phase) => {
  declareShell(() => site, phase);
  declareComponents(() => site);
});
