import { request } from 'node:http';
import { DEFAULT_HOST_SETTINGS } from '@anchor/function-host/settings.ts';
import { list, median } from '../measure/stats.ts';
import { compared, type Case } from '../case.ts';
import { connects, nextStart } from '../subjects/bare.ts';
import { emptySandbox, restartFunction, scaledToZero, setFunctions } from '../subjects/functions.ts';

const TIMES = 9;
const PATH = '/dynamic';
const SANDBOXES = DEFAULT_HOST_SETTINGS.warmSandboxes;
const PREWARM_TTL_MINUTES = DEFAULT_HOST_SETTINGS.prewarmTtlMs / 60_000;

export const coldStart: Case = {
  id: 'cold-start',
  what: 'scaled to zero → first byte of a dynamic page, against next start from its spawn',
  async run(bench) {
    const { platform, project, host, deployment } = await bench.demo();
    const app = await bench.bare();
    const { demo: other } = await bench.firstPush('used-later');
    await setFunctions(platform, project, { idleSeconds: 1 });
    await restartFunction(platform, deployment);
    const ours: number[] = [];
    const empty: number[] = [];
    const theirs: number[] = [];
    const timed = async (into: number[], i: number): Promise<void> => {
      const begin = performance.now();
      await firstByte(platform.edgePort, `${host}:${platform.edgePort}`);
      if (i >= 0) into.push(performance.now() - begin);
    };
    for (let i = -1; i < TIMES; i++) {
      const started = await nextStart(app, false);
      try {
        await connects(started.port, 30_000);
        await firstByte(started.port, `127.0.0.1:${started.port}`);
        // The first of each side only warms the disk.
        if (i >= 0) theirs.push(performance.now() - started.spawnedAt);
      } finally {
        await started.stop();
      }
      if (i < 0) await platform.request(host, PATH);
      await scaledToZero(platform, 320_000);
      // Another site is the one used last.
      await platform.request(other.host, PATH);
      await scaledToZero(platform, 320_000);
      await timed(ours, i);
      await scaledToZero(platform, 320_000);
      await emptySandbox(platform);
      await timed(empty, i);
    }
    const note = `next start from its spawn, no sandbox: ${list(theirs, 0)}. Ours through the edge`;
    return [
      compared(
        {
          id: 'cold-start',
          what: 'scaled to zero → first byte, one of several sites used lately',
          unit: 'ms',
          note: `median of ${TIMES}; ours ${list(ours, 0)}; ${note}, a process waits that has loaded Node and Next, as for the sites used within ${PREWARM_TTL_MINUTES} minutes while there is memory for it; another site was used after it.`,
        },
        median(ours),
        median(theirs),
        { atMost: 0.35 },
      ),
      compared(
        {
          id: 'cold-start-sandbox',
          what: 'the same, a site not used for longer',
          unit: 'ms',
          note: `median of ${TIMES}; ours ${list(empty, 0)}; ${note}, an empty sandbox waits, as for the ${SANDBOXES} sites used before those.`,
        },
        median(empty),
        median(theirs),
        { atMost: 0.35 },
      ),
    ];
  },
};

/**
 * Resolves with the first byte of the body; the rest (the page streams half a second more) is read in the background.
 */
function firstByte(port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: '127.0.0.1', port, path: PATH, agent: false, headers: { host } }, (response) => {
      if (response.statusCode !== 200) return reject(new Error(`status ${response.statusCode}`));
      response.once('error', () => undefined);
      response.once('data', () => {
        resolve();
        response.resume();
      });
    });
    outgoing.once('error', reject);
    outgoing.end();
  });
}
