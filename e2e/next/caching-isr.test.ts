import assert from 'node:assert/strict';
import { declareData } from './caching/data.ts';
import { declareOutcomes } from './caching/outcomes.ts';
import { declarePurges } from './caching/purges.ts';
import { declareTime, RENDER_GATE } from './caching/time.ts';
import { inEveryPhase } from './site.ts';
import { useStage, type Stage } from './stage.ts';

/**
 * Pages with a lifetime and cached data, on a deployed site: what serves them, when they change, what revalidates them.
 */
const stage: Stage<'gates'> = useStage(['gates'], {
  app: 'isr',
  hold: '/api/hold',
  flags: ['--edge-workers', '2'],
  async prepare(platform) {
    stage.gates.open(`${RENDER_GATE}/1`);
    const response = await platform.api('PUT', '/api/projects/isr/environments/production/variables', {
      variables: [{ name: 'GATE', value: `${stage.gates.origin}/${RENDER_GATE}`, secret: false }],
    });
    assert.equal(response.status, 200, JSON.stringify(response.body));
  },
});
const site = () => stage.site;

inEveryPhase(site, (phase) => {
  declareTime(site, () => stage.gates, phase);
  declarePurges(site, phase);
  declareOutcomes(site);
  declareData(site, phase);
});
