import assert from 'node:assert/strict';
import { declareData } from './caching/data.ts';
import { declareOutcomes } from './caching/outcomes.ts';
import { declarePurges } from './caching/purges.ts';
import { declareTime, RENDER_GATE } from './caching/time.ts';
import { inEveryPhase } from './site.ts';
import { useStage, type Stage } from './stage.ts';

/** Pages that live for a time and data that is cached, on a deployed site: who serves them, when they change, who makes them. */
const stage: Stage<'gates'> = useStage(['gates'], {
  app: 'isr', hold: '/api/hold', flags: ['--edge-workers', '2'],
  async prepare(platform) {
    stage.gates.open(`${RENDER_GATE}/1`);
    const answer = await platform.api('PUT', '/api/projects/isr/environments/production/variables', { variables: [{ name: 'GATE', value: `${stage.gates.origin}/${RENDER_GATE}`, secret: false }] });
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
  },
});
const site = () => stage.site;

inEveryPhase(site, (phase) => {
  declareTime(site, () => stage.gates, phase);
  declarePurges(site, phase);
  declareOutcomes(site);
  declareData(site, phase);
});
