import { newest } from '../../e2e/helpers.ts';
import { generate, failed } from '../load/generate.ts';
import type { Sample } from '../load/spec.ts';
import { list } from '../measure/stats.ts';
import { bounded, type Case } from '../case.ts';
import { setFunctions } from '../subjects/functions.ts';

const REQUESTS = 20_000;
const CONNECTIONS = 32;
const SWITCHES = 6;

export const switching: Case = {
  id: 'switch',
  what: `promote and rollback under ${REQUESTS} requests: failures, and time until every edge worker serves the new one`,
  async run(bench) {
    const { platform, project, host, repository } = await bench.demo();
    await setFunctions(platform, project, { idleSeconds: 300 });
    const before = (await newest(platform, project)).id;
    await repository.commit({ 'public/switch.txt': `${Date.now()}` });
    const pushed = await repository.push(platform, project);
    const after = (await newest(platform, project)).id;
    if (after === before || !pushed.output.includes('Live at')) throw new Error(pushed.output);
    const ids = [before, after];
    // Both the cached page and the route handler name their deployment: a response with neither, or both, is wrong.
    const load = generate({
      port: platform.edgePort,
      host,
      paths: ['/', '/api/hello'],
      connections: CONNECTIONS,
      requests: REQUESTS,
      bodies: ids,
    });
    const switched: { at: number; to: number; respondedMs: number }[] = [];
    await pause(500);
    for (let i = 0; i < SWITCHES; i++) {
      const to = i % 2;
      const at = now();
      const response =
        i % 2 === 0
          ? await platform.api('POST', `/api/deployments/${ids[to]}/rollback`, {})
          : await platform.api('POST', `/api/deployments/${ids[to]}/promote`, {});
      if (response.status !== 200) throw new Error(JSON.stringify(response.body));
      switched.push({ at, to, respondedMs: now() - at });
      await pause(700);
    }
    const result = await load;
    const times = switched.map(({ at, to }, i) =>
      settledAfter(result.samples, at, to, switched[i + 1]?.at ?? Infinity),
    );
    const lost = failed(result);
    bench.say(
      `${result.samples.length} requests, ${lost} failed ${JSON.stringify(result.failures)}; ${switched.length} switches, served everywhere after ${list(times, 0)} ms; API responded after ${list(
        switched.map(({ respondedMs }) => respondedMs),
        0,
      )} ms`,
    );
    const unseen = times.filter((ms) => Number.isNaN(ms)).length;
    if (unseen > 0) throw new Error(`the load ended before ${unseen} of the switches`);
    return [
      bounded(
        {
          id: 'switch-failed',
          what: `failed of ${result.samples.length} requests through ${switched.length} switches`,
          unit: 'requests',
          note: `connection errors, statuses other than 200 and wrong bodies; ${CONNECTIONS} keep-alive connections, half cached page, half function.`,
        },
        lost,
        0,
      ),
      bounded(
        {
          id: 'switch-time',
          what: 'promote or rollback → every edge worker serves it',
          unit: 'ms',
          note: `worst of ${list(times, 0)}: from sending the API request to the last request, on any connection, that still got the old deployment.`,
        },
        Math.max(...times),
        100,
      ),
    ];
  },
};

/** Returns when the last request was sent that the old deployment served, counted from the switch. */
function settledAfter(samples: readonly Sample[], at: number, to: number, until: number): number {
  const old = samples
    .filter(([, sentAt, , body]) => sentAt >= at && sentAt < until && body !== -1 && body !== to)
    .map(([, sentAt]) => sentAt - at);
  const fresh = samples.some(([, sentAt, , body]) => sentAt >= at && sentAt < until && body === to);
  return fresh ? Math.max(0, ...old) : Number.NaN;
}

const now = (): number => performance.timeOrigin + performance.now();
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
