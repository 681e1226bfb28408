import { generate, failed } from '../load/generate.ts';
import { list, median, percentile } from '../measure/stats.ts';
import { compared, type Case } from '../case.ts';
import { setFunctions } from '../subjects/functions.ts';

const ROUNDS = 3;
const SECONDS = 15;
const PER_SECOND = 40;
const PATHS = ['/', '/guestbook'] as const;

export const p99DuringBuild: Case = {
  id: 'p99-during-build',
  what: 'p99 of the live site while another project builds, against the same without',
  async run(bench) {
    const { platform, project, host, repository } = await bench.demo();
    await setFunctions(platform, project, { idleSeconds: 300, maxInstances: 4 });
    const other = await platform.api('POST', '/api/projects', { name: 'other' });
    if (other.status !== 201) throw new Error(JSON.stringify(other.body));
    const quiet: number[][] = PATHS.map(() => []);
    const busy: number[][] = PATHS.map(() => []);
    let first = true;
    /**
     * Runs the load. `until`: the time (milliseconds since the epoch) after which requests do not count, known when the
     * load has ended.
     */
    const run = async (
      into: number[][],
      seconds: number,
      onReady?: () => void,
      until: () => number = () => Infinity,
    ): Promise<void> => {
      const load = await generate(
        { port: platform.edgePort, host: `${host}`, paths: PATHS, connections: 64, perSecond: PER_SECOND, seconds },
        undefined,
        onReady,
      );
      first &&= load.first;
      if (failed(load) > 0) throw new Error(`requests failed: ${JSON.stringify(load.failures)}`);
      for (const path of PATHS.keys())
        into[path]?.push(
          percentile(
            load.samples.filter(([of, sentAt]) => of === path && sentAt < until()).map(([, , ms]) => ms),
            0.99,
          ),
        );
    };
    await run(
      PATHS.map(() => []),
      5,
    );
    for (let round = 0; round < ROUNDS; round++) {
      await run(quiet, SECONDS);
      await repository.commit({
        'app/page.tsx': `export default function Page() { return <h1>Round ${round} {new Date().toISOString()}</h1>; }\n`,
      });
      let begin = Infinity;
      let ended = Infinity;
      const started = Promise.withResolvers<ReturnType<typeof repository.push>>();
      await run(
        busy,
        SECONDS,
        () => {
          begin = Date.now();
          started.resolve(repository.push(platform, 'other', 'main').finally(() => (ended = Date.now())));
        },
        () => ended,
      );
      bench.say(
        `round ${round + 1}: ${ended === Infinity ? 'the build outlasted the load' : `requests counted for the ${((ended - begin) / 1_000).toFixed(1)} s that the build took`}`,
      );
      const { output } = await started.promise;
      if (!output.includes('Live at')) throw new Error(output);
    }
    for (const [i, path] of PATHS.entries())
      bench.say(`${path}: p99 quiet ${list(quiet[i] ?? [])} ms, during a build ${list(busy[i] ?? [])} ms`);
    return PATHS.map((path, i) =>
      compared(
        {
          id: i === 0 ? 'p99-cached' : 'p99-dynamic',
          what: `p99 of ${i === 0 ? 'a cached' : 'a dynamic'} page while a build runs`,
          unit: 'ms',
          note: `${PER_SECOND} requests/s of ${path}, ${SECONDS} s a round, of which only those sent while the build ran count; latency from when each was due${first ? '' : '; the load generator had to wait for its turns'}; quiet ${list(quiet[i] ?? [])}, during a build ${list(busy[i] ?? [])}.`,
        },
        median(busy[i] ?? []),
        median(quiet[i] ?? []),
        { atMost: 1.5 },
      ),
    );
  },
};
