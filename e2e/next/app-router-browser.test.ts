import { declareActions } from './app-router/actions.ts';
import { declareBrowsing } from './app-router/in-browser.ts';
import { inEveryPhase } from './site.ts';
import { useStage } from './stage.ts';

/** The App Router on a deployed site in a real browser. */
const stage = useStage(['browser', 'gates'], { app: 'app-router', hold: '/api/hold', shared: true });
const site = () => stage.site;

inEveryPhase(site, () => {
  declareBrowsing(
    () => stage.browser,
    site,
    () => stage.gates,
  );
  declareActions(() => stage.browser, site);
});
