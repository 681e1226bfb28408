import { request } from 'node:http';
import { list, median } from '../measure/stats.ts';
import { compared, type Row } from '../row.ts';
import { connects, nextStart } from '../sides/bare.ts';
import { restartFunction, scaledToZero, setFunctions } from '../sides/functions.ts';

const TIMES = 9;
const PATH = '/dynamic';

export const coldStart: Row = {
  id: 'cold-start',
  what: 'scaled to zero → first byte of a dynamic page, against next start from its spawn',
  async run(bench) {
    const { platform, project, host, deployment } = await bench.demo();
    const app = await bench.bare();
    await setFunctions(platform, project, { idleSeconds: 1 });
    await restartFunction(platform, deployment);
    const ours: number[] = [];
    const theirs: number[] = [];
    for (let i = -1; i < TIMES; i++) {
      const begun = await nextStart(app, false);
      try {
        await connects(begun.port, 30_000);
        await firstByte(begun.port, `127.0.0.1:${begun.port}`);
        // The first of each side only warms the disk.
        if (i >= 0) theirs.push(performance.now() - begun.spawnedAt);
      } finally {
        await begun.stop();
      }
      if (i < 0) await platform.visit(host, PATH);
      await scaledToZero(platform, 320_000);
      const begin = performance.now();
      await firstByte(platform.edgePort, `${host}:${platform.edgePort}`);
      if (i >= 0) ours.push(performance.now() - begin);
    }
    return [compared({ id: 'cold-start', what: 'scaled to zero → first byte', unit: 'ms', note: `median of ${TIMES}; ours ${list(ours, 0)}; next start ${list(theirs, 0)}. Ours: through the edge, an empty sandbox waits. Theirs: from spawn, no sandbox.` }, median(ours), median(theirs), { atMost: 0.35 })];
  },
};

/** Resolves with the first byte of the body; the rest (the page streams half a second more) is read in the background. */
function firstByte(port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: '127.0.0.1', port, path: PATH, agent: false, headers: { host } }, (answer) => {
      if (answer.statusCode !== 200) return reject(new Error(`status ${answer.statusCode}`));
      answer.once('error', () => undefined);
      answer.once('data', () => {
        resolve();
        answer.resume();
      });
    });
    outgoing.once('error', reject);
    outgoing.end();
  });
}
