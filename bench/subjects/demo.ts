import { createProject, newest } from '../../e2e/helpers.ts';
import { eventually, type Platform } from '../../e2e/platform.ts';
import { createRepository, type Repository } from '../../e2e/repository.ts';
import { EXAMPLE } from './bare.ts';

/** The example application live on a platform. */
export type Demo = Readonly<{
  platform: Platform;
  project: string;
  host: string;
  repository: Repository;
  deployment: string;
}>;

/**
 * Commits the text of the page's heading and pushes; returns the seconds from `git push` until the live URL shows it.
 */
export async function pushUntilLive(
  platform: Platform,
  project: string,
  repository: Repository,
  heading: string,
): Promise<number> {
  const host = `${project}.localhost`;
  const begin = performance.now();
  let live = Number.NaN;
  let over = false;
  const watching = eventually(
    async () => {
      if (over) return true;
      const { status, body } = await platform.request(host);
      if (status !== 200 || !body.includes(heading)) return false;
      live = performance.now();
      return true;
    },
    300_000,
    () => `${host} never showed "${heading}"\n${platform.output()}`,
  );
  const pushed = await repository.push(platform, project);
  if (pushed.code !== 0 || !pushed.output.includes('Live at')) {
    over = true;
    await watching;
    throw new Error(`the push failed:\n${pushed.output}`);
  }
  await watching;
  return (live - begin) / 1_000;
}

/** Creates a project with the example's first push. */
export async function firstPush(
  platform: Platform,
  project: string,
  settings: object = {},
): Promise<Readonly<{ seconds: number; demo: Demo }>> {
  await createProject(platform, project, settings);
  const repository = await createRepository(EXAMPLE);
  await repository.commit({});
  const seconds = await pushUntilLive(platform, project, repository, 'Your site is live.');
  const { id } = await newest(platform, project);
  return { seconds, demo: { platform, project, host: `${project}.localhost`, repository, deployment: id } };
}

/** Steps of a deployment with their seconds, as its record has them. */
export async function stepsOf(platform: Platform, deployment: string): Promise<string> {
  const { body } = await platform.api<{ steps?: { name: string; startedAt: number; endedAt?: number }[] }>(
    'GET',
    `/api/deployments/${deployment}`,
  );
  return (body.steps ?? [])
    .map((step) => `${step.name} ${(((step.endedAt ?? step.startedAt) - step.startedAt) / 1_000).toFixed(1)}`)
    .join(', ');
}
