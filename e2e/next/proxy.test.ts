import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startPlatform, type Platform } from '../platform.ts';
import { compare } from './compare.ts';
import { buildIdOf } from './pages-router/text.ts';
import { asks } from './proxy/asks.ts';
import { declareConfiguration } from './proxy/configuration.ts';
import { startExternal, type External } from './proxy/external.ts';
import { declareMiddleware } from './proxy/middleware.ts';
import { startReference, type Reference } from './reference.ts';
import { deployApp, inEveryPhase, type Site } from './site.ts';

/** `proxy.ts` and the routing rules of next.config on a deployed site, by themselves and against `next start`. */
let platform: Platform;
let site: Site;
let reference: Reference;
let external: External;

before(async () => {
  external = await startExternal();
  const files = { 'settings.json': JSON.stringify({ skipTrailingSlashRedirect: false, skipProxyUrlNormalize: false, external: external.origin }) };
  platform = await startPlatform({ flags: ['--allow-network', `${external.address}/32`] });
  const started = await Promise.allSettled([deployApp(platform, { app: 'both-routers', hold: '/api/hold', files }).then((value) => (site = value)), startReference({ app: 'both-routers', files }).then((value) => (reference = value))]);
  for (const one of started) if (one.status === 'rejected') throw one.reason;
});
after(async () => {
  await reference?.stop();
  await site?.remove();
  await platform?.stop();
  external?.close();
});

inEveryPhase(() => site, () => {
  declareMiddleware(() => site);
  declareConfiguration(() => site);
});

test('every request is answered as next start answers it, but for what is explained', async () => {
  const ours = { buildId: buildIdOf(await site.visit('/pages-page')), visit: site.visit };
  const lines: string[] = [];
  for (const ask of asks) lines.push(...(await compare(ours, reference, ask)));
  assert.deepEqual(lines, []);
});
