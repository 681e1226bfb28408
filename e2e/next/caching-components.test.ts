import { declareComponents } from './caching/components.ts';
import { declareShell } from './caching/shell.ts';
import { inEveryPhase } from './site.ts';
import { useStage } from './stage.ts';

/** An app with cache components on a deployed site: what is kept, and pages whose shell is kept. */
const stage = useStage(['gates'], { app: 'caching', hold: '/api/hold', flags: ['--edge-workers', '2'] });
const site = () => stage.site;

inEveryPhase(site, (phase) => {
  declareShell(site, () => stage.gates, phase);
  declareComponents(site);
});
