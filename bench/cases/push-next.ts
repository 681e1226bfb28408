import { newest } from '../../e2e/helpers.ts';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { list, median } from '../measure/stats.ts';
import { compared, type Case } from '../case.ts';
import { pushUntilLive, stepsOf } from '../subjects/demo.ts';

const TIMES = 3;

export const pushNext: Case = {
  id: 'push-next',
  what: 'git push of a one-line change → live URL shows it, against npm ci && next build',
  async run(bench) {
    const { platform, project, repository } = await bench.demo();
    const page = await readFile(join(repository.path, 'app/page.tsx'), 'utf8');
    const ours: number[] = [];
    for (let i = 1; i <= TIMES; i++) {
      const heading = `Your site is live, change ${i}.`;
      await repository.commit({ 'app/page.tsx': page.replace(/Your site is live[^<]*/, heading) });
      ours.push(await pushUntilLive(platform, project, repository, heading));
      bench.say(
        `push until live: ${(ours.at(-1) ?? 0).toFixed(1)} s (${await stepsOf(platform, (await newest(platform, project)).id)})`,
      );
    }
    if (bench.coldSeconds().length === 0) bench.say(`bare build: ${(await bench.coldBuild()).toFixed(1)} s`);
    const theirs = bench.coldSeconds();
    return [
      compared(
        {
          id: 'push-next',
          what: 'push → live, a one-line change later',
          unit: 's',
          note: `ours ${list(ours)}; bare and cold ${list(theirs)}.`,
        },
        median(ours),
        median(theirs),
        { atMost: 0.4 },
      ),
    ];
  },
};
