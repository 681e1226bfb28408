import { list, median } from '../measure/stats.ts';
import { compared, type Case } from '../case.ts';
import { stepsOf } from '../subjects/demo.ts';

const TIMES = 2;

export const pushFirst: Case = {
  id: 'push-first',
  what: 'git push of the example → live URL responds, first build of a project, against npm ci && next build',
  async run(bench) {
    const ours: number[] = [];
    for (let i = 0; i < TIMES; i++) {
      bench.say(`bare build: ${(await bench.coldBuild()).toFixed(1)} s`);
      const { seconds, demo } = await bench.firstPush(i === 0 ? 'demo' : `demo-${i + 1}`);
      ours.push(seconds);
      bench.say(`push until live: ${seconds.toFixed(1)} s (${await stepsOf(demo.platform, demo.deployment)})`);
    }
    const theirs = bench.coldSeconds();
    return [
      compared(
        {
          id: 'push-first',
          what: 'push → live, first build',
          unit: 's',
          note: `ours ${list(ours)}; bare ${list(theirs)}. Warm on both sides: Node and npm themselves. Cold on both: package cache, node_modules, .next. Ours holds git push, checkout, packaging, start and verification too.`,
        },
        median(ours),
        median(theirs),
        { atMost: 1.1 },
      ),
    ];
  },
};
