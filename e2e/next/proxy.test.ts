import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { compareAll } from './compare.ts';
import { buildIdOf } from './pages-router/text.ts';
import { requests } from './proxy/requests.ts';
import { declareConfiguration } from './proxy/configuration.ts';
import { startExternal, type External } from './proxy/external.ts';
import { declareMiddleware } from './proxy/middleware.ts';
import { inEveryPhase } from './site.ts';
import { useStage } from './stage.ts';

/** `proxy.ts` and the routing rules of next.config on a deployed site, by themselves and against `next start`. */
let external: External;
const stage = useStage(['reference', 'gates'], async () => {
  external = await startExternal();
  const settings = { skipTrailingSlashRedirect: false, skipProxyUrlNormalize: false, external: external.origin };
  return {
    app: 'both-routers',
    hold: '/api/hold',
    flags: external.flags,
    files: { 'settings.json': JSON.stringify(settings) },
  };
});
after(() => external?.close());
const site = () => stage.site;

inEveryPhase(site, () => {
  declareMiddleware(site, () => stage.gates);
  declareConfiguration(site, () => external);
});

test('every request gets the response of next start, but for what is explained', async () => {
  const { request } = stage.site;
  assert.deepEqual(
    await compareAll({ buildId: buildIdOf(await request('/pages-page')), request }, stage.reference, requests),
    [],
  );
});
