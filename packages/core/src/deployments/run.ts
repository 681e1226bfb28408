import type { Snapshot } from '../environments/snapshot-schema.ts';
import { BuildLog } from '../logs/build-log.ts';
import { namedSecrets } from '../logs/redact.ts';
import type { DeploymentId } from '../names/id.ts';
import type { Ports } from '../ports/ports.ts';
import type { Project } from '../projects/project.ts';
import { ok, type Result } from '../result/result.ts';
import { buildDeployment, type BuildContext } from './build-deployment.ts';
import { isFinal, type Deployment } from './deployment.ts';
import { failBuild, type RunOutcome } from './fail-build.ts';
import { freezeVariables } from './freeze-variables.ts';
import { publish } from './publish.ts';
import { createStepRecorder } from './step-recorder.ts';
import { moveDeployment, notFound } from './update.ts';

/**
 * Takes a deployment from its current state to its end: build → publish → verify → switch. Every step may be
 * interrupted by a crash and is repeated when the job comes back. `signal` aborts the build, never the switch.
 */
export const runDeployment =
  (ports: Ports) =>
  async (id: DeploymentId, signal: AbortSignal): Promise<Result<RunOutcome>> => {
    const found = await ports.deployments.get(id);
    if (found === undefined) return notFound();
    if (isFinal(found.state) || found.state === 'held') return ok({ kind: 'done', deployment: found });
    const project = await ports.projects.get(found.projectId);
    if (project === undefined) return notFound();

    // Its worker has exited or lost its lease: the job is ours now.
    const resumed = found.state === 'building' ? await moveDeployment(ports)(id, 'queued') : ok(found);
    const prepared = await freezeVariables(ports, project, resumed.ok ? resumed.value : found);
    if (!prepared.ok) return prepared;
    const { deployment, snapshot } = prepared.value;
    const secrets = [...snapshot.secrets];
    const credentials = await openCredentials(ports, project);
    if (!credentials.ok) return credentials;
    if (credentials.value !== undefined)
      secrets.push(credentials.value, ...credentials.value.split(':').filter((part) => part.length >= 8));
    const log = new BuildLog(ports, id, namedSecrets(secrets, snapshot.build, snapshot.run));

    const outcome = await attempt(
      ports,
      project,
      deployment,
      snapshot,
      { secrets, credentials: credentials.value, log },
      signal,
    );
    await log.flush();
    if (outcome.kind === 'done') await ports.logs.close('build', id);
    return ok(outcome);
  };

async function attempt(
  ports: Ports,
  project: Project,
  deployment: Deployment,
  snapshot: Snapshot,
  context: BuildContext,
  signal: AbortSignal,
): Promise<RunOutcome> {
  let current = deployment;
  if (current.state !== 'deploying') {
    const built = await buildDeployment(ports, project, current, snapshot, context, signal);
    if (!built.ok) return failBuild(ports, current.id, current.attempt + 1, built.error, context.log, signal);
    current = built.value;
    if (current.state !== 'deploying') return { kind: 'done', deployment: current };
  }
  const published = await publish(ports)(
    project,
    current,
    context.log,
    createStepRecorder(ports, current.id, context.log),
  );
  return { kind: 'done', deployment: published };
}

async function openCredentials(ports: Ports, project: Project): Promise<Result<string | undefined>> {
  if (project.gitCredentials === undefined) return ok(undefined);
  return ports.secrets.open(project.gitCredentials, `git/${project.id}`);
}
