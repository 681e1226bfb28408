import { setTimeout as pause } from 'node:timers/promises';
import { deploy } from '../attacks/attack.ts';
import { generate } from '../load/generate.ts';
import type { LoadResult } from '../load/spec.ts';
import { bounded, type Case } from '../case.ts';
import { processesOf, setFunctions } from '../subjects/functions.ts';
import { nodeServer } from '../../e2e/repository.ts';

const MINUTES = Number(process.env['BENCH_CHAOS_MINUTES'] ?? 10);
const KILLS_PER_MINUTE = Number(process.env['BENCH_CHAOS_KILLS_PER_MINUTE'] ?? 10);
const PER_SECOND = 20;
const VICTIMS = ['server', 'host', 'edge-0', 'edge-1', 'function'] as const;

/** When a process was killed, ms since the epoch. */
type Kill = Readonly<{ victim: (typeof VICTIMS)[number]; at: number }>;

export const chaos: Case = {
  id: 'chaos',
  what: 'requests that fail while every process of the platform is killed in turn with kill -9 (only when named)',
  async run(bench) {
    const platform = await bench.platform();
    await deploy(platform, 'still', { 'index.html': '<!doctype html><h1>still here</h1>' });
    await deploy(platform, 'server', nodeServer("res.end('served');"));
    await setFunctions(platform, 'server', { idleSeconds: 300, maxInstances: 2 });
    const kills: Kill[] = [];
    const seconds = MINUTES * 60;
    const load = (host: string) =>
      generate(
        { port: platform.edgePort, host, paths: ['/'], connections: 16, fresh: true, perSecond: PER_SECOND, seconds },
        seconds + 120,
      );
    const loads = Promise.all([load('still.localhost'), load('server.localhost')]);
    const over = new AbortController();
    const killing = (async () => {
      const wanted = Math.round(MINUTES * KILLS_PER_MINUTE);
      for (let i = 0; i < wanted && !over.signal.aborted; i++) {
        await pause(60_000 / KILLS_PER_MINUTE);
        const victim = VICTIMS[i % VICTIMS.length] ?? 'server';
        const pid = victim === 'function' ? processesOf(platform, 'server.js')[0]?.pid : platform.pid(victim);
        if (pid === undefined) continue;
        kills.push({ victim, at: Date.now() });
        process.kill(pid, 'SIGKILL');
      }
    })();
    const [still, served] = await loads;
    over.abort();
    await killing;
    const lost = outside(
      served,
      kills.filter(({ victim }) => victim !== 'server'),
    );
    const lostStatic = outside(
      still,
      kills.filter(({ victim }) => victim.startsWith('edge')),
    );
    const counts = VICTIMS.map((victim) => `${kills.filter((kill) => kill.victim === victim).length} ${victim}`).join(
      ', ',
    );
    bench.say(
      `${kills.length} kills (${counts}); static: ${count(still)} of ${still.samples.length} failed ${JSON.stringify(still.failures)}; function: ${count(served)} of ${served.samples.length} failed ${JSON.stringify(served.failures)}, ${lost} of them not inside a killed process`,
    );
    const note = `${MINUTES} minutes, ${kills.length} kills (${counts}), ${PER_SECOND} requests/s each; ${count(still)} static requests and ${count(served)} of the function failed in all.`;
    return [
      bounded(
        {
          id: 'chaos-static',
          what: 'static requests that failed under kill -9 and were not inside a killed edge worker',
          unit: 'requests',
          note,
        },
        lostStatic,
        0,
      ),
      bounded(
        {
          id: 'chaos-function',
          what: 'function requests that failed under kill -9 and were not inside a killed process',
          unit: 'requests',
        },
        lost,
        0,
      ),
    ];
  },
};

const count = ({ samples }: LoadResult): number => samples.filter(([, , , body]) => body === -1).length;

/** A killed process takes that long to end on a busy machine, and still accepts connections meanwhile. */
const ENDING_MS = 50;

/** Counts failed requests that no kill happened during. */
const outside = ({ samples }: LoadResult, kills: readonly Kill[]): number =>
  samples.filter(
    ([, sentAt, ms, body]) => body === -1 && !kills.some(({ at }) => at >= sentAt - ENDING_MS && at <= sentAt + ms),
  ).length;
