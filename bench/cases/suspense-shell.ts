import { request } from 'node:http';
import { join } from 'node:path';
import { createProject } from '../../e2e/helpers.ts';
import { eventually, type Platform } from '../../e2e/platform.ts';
import { APPS, createRepository } from '../../e2e/repository.ts';
import type { Bench } from '../bench.ts';
import { list, median } from '../measure/stats.ts';
import { compared, type Result, type Case } from '../case.ts';
import { coldBuild, nextStart, type BareApp } from '../subjects/bare.ts';

const TIMES = 60;
const APP = join(APPS, 'caching');

export const suspenseShell: Case = {
  id: 'suspense-shell',
  what: 'first byte of a page that goes on to stream, against next start: with Suspense, and with a stored shell',
  async run(bench) {
    const { platform, host } = await bench.demo();
    const results = [
      await versus(bench, {
        id: 'suspense-shell',
        what: 'Suspense page → first byte',
        port: platform.edgePort,
        host,
        app: await bench.bare(),
        path: '/dynamic',
      }),
    ];
    const shell = await deployed(platform, 'bench-shell');
    const { app } = await coldBuild(await bench.temporary(), await bench.node(), APP);
    results.push(
      await versus(bench, {
        id: 'partial-shell',
        what: 'partially prerendered page → first byte',
        port: platform.edgePort,
        host: shell,
        app,
        path: '/shell',
      }),
    );
    return results;
  },
};

async function deployed(platform: Platform, project: string): Promise<string> {
  await createProject(platform, project, { functions: { idleSeconds: 300 } });
  const repository = await createRepository(APP);
  try {
    await repository.commit({});
    const pushed = await repository.push(platform, project);
    if (!pushed.output.includes('Live at')) throw new Error(pushed.output);
  } finally {
    await repository.remove();
  }
  return `${project}.localhost`;
}

type Subjects = Readonly<{ id: string; what: string; port: number; host: string; app: BareApp; path: string }>;

/** Sends one request at a time, alternately to the two sides. */
async function versus(bench: Bench, { id, what, port, host, app, path }: Subjects): Promise<Result> {
  const next = await nextStart(app);
  const ours: number[] = [];
  const theirs: number[] = [];
  try {
    await eventually(
      async () => (await firstByte(port, host, path)) > 0 && (await firstByte(next.port, '127.0.0.1', path)) > 0,
      30_000,
      () => `${path} does not respond`,
    );
    for (let i = 0; i < TIMES; i++) {
      ours.push(await firstByte(port, host, path));
      theirs.push(await firstByte(next.port, '127.0.0.1', path));
    }
  } finally {
    await next.stop();
  }
  const quantile = (all: readonly number[], part: number): string =>
    (all.toSorted((a, b) => a - b)[Math.floor(all.length * part)] ?? Number.NaN).toFixed(1);
  bench.say(`${path}: ours ${list(ours.slice(0, 9), 1)} ms, next start ${list(theirs.slice(0, 9), 1)} ms`);
  return compared(
    {
      id,
      what,
      unit: 'ms',
      note: `median of ${TIMES}, a new connection each, one at a time; p90 ${quantile(ours, 0.9)} ms against ${quantile(theirs, 0.9)} ms.`,
    },
    median(ours),
    median(theirs),
    { atMost: 1 },
  );
}

/**
 * Returns milliseconds until the first byte of the body; resolves when the whole response has arrived, so that nothing
 * of it is in flight.
 */
function firstByte(port: number, host: string, path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const begin = performance.now();
    const sent = request(
      { host: '127.0.0.1', port, path, agent: false, headers: { host: `${host}:${port}` } },
      (response) => {
        if (response.statusCode !== 200) return reject(new Error(`status ${response.statusCode}`));
        let at = Number.NaN;
        response
          .once('data', () => (at = performance.now() - begin))
          .on('data', () => undefined)
          .once('end', () => resolve(at))
          .once('error', reject);
      },
    );
    sent.once('error', reject);
    sent.end();
  });
}
