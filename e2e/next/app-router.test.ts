import { declareHandlers } from './app-router/handlers.ts';
import { declareMetadata } from './app-router/metadata.ts';
import { declareNavigation } from './app-router/navigation.ts';
import { declarePages } from './app-router/pages.ts';
import { declareDrain, declareRequests } from './app-router/requests.ts';
import { declareStatuses } from './app-router/statuses.ts';
import { inEveryPhase } from './site.ts';
import { useStage } from './stage.ts';

/** Requests over HTTP to the App Router fixture on a deployed site; a browser's are in app-router-browser.test.ts. */
const stage = useStage(['gates'], { app: 'app-router', hold: '/api/hold', shared: true });
const site = () => stage.site;
const gates = () => stage.gates;

inEveryPhase(site, (phase) => {
  declarePages(site);
  declareStatuses(site, gates);
  declareMetadata(site);
  declareHandlers(site, gates);
  declareNavigation(site);
  declareRequests(site, gates, phase);
});
declareDrain(site, gates, stage.restart);
