import type { Snapshot } from '../environments/snapshot-schema.ts';
import type { BuildLog } from '../logs/build-log.ts';
import type { BuildRequest } from '../ports/build-runner.ts';
import type { Ports } from '../ports/ports.ts';
import type { Project } from '../projects/project.ts';
import { fail, ok, type Result } from '../result/result.ts';
import type { Deployment } from './deployment.ts';
import { MAX_BUILD_STARTS } from './fail-build.ts';
import { pinnedNodeMajor } from './pinned-node-major.ts';
import { cancelIfSuperseded } from './supersede.ts';
import { createStepRecorder } from './step-recorder.ts';
import { moveDeployment } from './update.ts';
import { yieldToHead } from './yield-to-head.ts';

/** What a build needs beside the deployment and its variables. */
export type BuildContext = Readonly<{ secrets: readonly string[]; credentials: string | undefined; log: BuildLog }>;

/** Builds a queued deployment, unless a newer one of its branch makes it unnecessary. Returns it as it is then. */
export async function buildDeployment(
  ports: Ports,
  project: Project,
  deployment: Deployment,
  snapshot: Snapshot,
  context: BuildContext,
  signal: AbortSignal,
): Promise<Result<Deployment>> {
  const space = await ports.capacity.checkSpaceForBuild();
  if (!space.ok) return space;
  if (deployment.attempt >= MAX_BUILD_STARTS)
    return fail(
      'internal',
      `The build was started ${deployment.attempt} times without finishing`,
      'Check the server log for restarts, then run `anchor deploy`.',
    );
  if ((await yieldToHead(ports, project, deployment)) || (await cancelIfSuperseded(ports, deployment)))
    return ok((await ports.deployments.get(deployment.id)) ?? deployment);
  const started = await moveDeployment(ports)(deployment.id, 'building', {
    attempt: deployment.attempt + 1,
    buildStartedAt: ports.clock.now(),
    steps: [],
  });
  if (!started.ok) return ok((await ports.deployments.get(deployment.id)) ?? deployment);
  const step = createStepRecorder(ports, deployment.id, context.log);
  const pinned = await pinnedNodeMajor(ports.deployments, deployment);
  const result = await ports.builds.run(
    {
      ...requestOf(project, deployment, snapshot, context),
      ...(pinned === undefined ? {} : { pinnedNodeMajor: pinned }),
    },
    {
      output: (chunk, level, stepName) => context.log.output(chunk, level, stepName),
      step: (name) => void step.next(name),
    },
    signal,
  );
  await (result.ok ? step.end() : step.fail());
  if (!result.ok) return result;
  // Not when another worker has started because this one's lease was lost: that worker stores the artifact.
  const own = (await ports.deployments.get(deployment.id))?.attempt === started.value.attempt;
  const moved = !own
    ? fail('conflict', 'Another worker builds this deployment', 'Nothing to do.')
    : await moveDeployment(ports)(deployment.id, 'deploying', {
        ...result.value,
        buildEndedAt: ports.clock.now(),
        deployStartedAt: ports.clock.now(),
      });
  // Refused: it was canceled while its last files were stored.
  return moved.ok ? moved : ok((await ports.deployments.get(deployment.id)) ?? deployment);
}

const requestOf = (
  project: Project,
  deployment: Deployment,
  snapshot: Snapshot,
  { secrets, credentials }: BuildContext,
): BuildRequest => ({
  deploymentId: deployment.id,
  projectId: project.id,
  repository: project.source,
  source: deployment.source,
  settings: project.build,
  variables: snapshot.build,
  runOnly: Object.keys(snapshot.run).filter((name) => snapshot.build[name] === undefined),
  secrets,
  // The branch of a fork may have any name, production's too.
  ...(deployment.trusted
    ? { cache: { scope: deployment.source.branch ?? deployment.environment, fallback: project.productionBranch } }
    : {}),
  ...(credentials === undefined ? {} : { credentials }),
});
