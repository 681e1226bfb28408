import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import type { Bench } from '../bench.ts';
import { wrk } from '../load/wrk.ts';
import { list, median } from '../measure/stats.ts';
import { compared, type Case } from '../case.ts';
import { createProject } from '../../e2e/helpers.ts';
import { pushUntilLive } from '../subjects/demo.ts';
import { setFunctions } from '../subjects/functions.ts';

const ROUNDS = 2;
const PAGE = '/guestbook';
const CONNECTIONS = 32;
const SECONDS = 5;
/** Programs of others on each core. */
const FOREIGN = 4;

export const buildUnderLoad: Case = {
  id: 'build-under-load',
  what: 'time of a build beside saturated live traffic and beside endless work of other programs, and the live page meanwhile',
  async run(bench) {
    const { platform, project, host, repository } = await bench.demo();
    await setFunctions(platform, project, { idleSeconds: 300, maxInstances: 4 });
    await createProject(platform, 'beside');
    let heading = 0;
    const build = async (): Promise<number> => {
      const text = `Build ${heading++} ${Date.now()}`;
      await repository.commit({ 'app/page.tsx': `export default function Page() { return <h1>${text}</h1>; }\n` });
      return pushUntilLive(platform, 'beside', repository, text);
    };
    const load = (): ReturnType<typeof wrk> =>
      wrk({ port: platform.edgePort, host, path: PAGE, connections: CONNECTIONS, seconds: SECONDS });
    await build();
    await load();
    const [alone, beside, foreign, quiet, busy]: number[][] = [[], [], [], [], []];
    for (let round = 0; round < ROUNDS; round++) {
      alone?.push(await build());
      quiet?.push((await load()).p99);
      beside?.push(await whileVisited(build, load, busy ?? []));
      foreign?.push(await besideOthers(build));
      say(bench, round, { alone, beside, foreign, quiet, busy });
    }
    const note = `push until live; alone ${list(alone ?? [], 1)} s, beside live traffic ${list(beside ?? [], 1)} s, beside ${FOREIGN * availableParallelism()} endless programs ${list(foreign ?? [], 1)} s; p99 of ${PAGE} at ${CONNECTIONS} connections ${list(quiet ?? [], 1)} ms, during a build ${list(busy ?? [], 1)} ms.`;
    return [
      compared(
        { id: 'build-beside-traffic', what: 'a build beside saturated live traffic, against alone', unit: 's', note },
        median(beside ?? []),
        median(alone ?? []),
        { atMost: 4 },
      ),
      compared(
        { id: 'p99-saturated', what: 'p99 of a saturated dynamic page while a build runs', unit: 'ms' },
        median(busy ?? []),
        median(quiet ?? []),
        { atMost: 1.5 },
      ),
      compared(
        { id: 'build-beside-others', what: 'a build beside endless work of other programs, against alone', unit: 's' },
        median(foreign ?? []),
        median(alone ?? []),
        { atMost: 4 },
      ),
    ];
  },
};

/** Clients send requests as fast as they are served until the build has ended. */
async function whileVisited(
  build: () => Promise<number>,
  load: () => ReturnType<typeof wrk>,
  p99: number[],
): Promise<number> {
  const state = { over: false };
  const building = build().finally(() => (state.over = true));
  while (!state.over) {
    const { p99: one } = await load();
    if (!state.over) p99.push(one);
  }
  return building;
}

async function besideOthers(build: () => Promise<number>): Promise<number> {
  const others = Array.from({ length: FOREIGN * availableParallelism() }, () =>
    spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' }),
  );
  try {
    return await build();
  } finally {
    await Promise.all(
      others.map((other) => {
        other.kill('SIGKILL');
        return once(other, 'exit');
      }),
    );
  }
}

function say(bench: Bench, round: number, results: Readonly<Record<string, number[] | undefined>>): void {
  bench.say(
    `round ${round + 1}: ${Object.entries(results)
      .map(([name, values]) => `${name} ${list(values ?? [], 1)}`)
      .join('; ')}`,
  );
}
