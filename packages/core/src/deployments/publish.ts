import { switchAlias } from '../aliases/switch-alias.ts';
import { functionsOf } from '../artifact/manifest.ts';
import { refuseVolumes } from '../artifact/volumes.ts';
import type { BuildLog } from '../logs/build-log.ts';
import type { Ports } from '../ports/ports.ts';
import type { Project } from '../projects/project.ts';
import type { AnchorError, Result } from '../result/result.ts';
import { withdrawBranches, withdrawPreview } from './close-preview.ts';
import type { Deployment } from './deployment.ts';
import { failDeployment } from './fail.ts';
import { manifestOf } from './read-manifest.ts';
import type { StepRecorder } from './step-recorder.ts';
import { autoAssignAlias } from './assign-alias.ts';
import { targetsOf } from './targets.ts';
import { moveDeployment } from './update.ts';
import { verifyHealth } from './verify-health.ts';

/**
 * Publishes a built deployment: its own host, a real request through the edge, then the switch. The current deployment
 * serves until the switch.
 */
export const publish =
  (ports: Ports) =>
  async (project: Project, deployment: Deployment, log: BuildLog, step: StepRecorder): Promise<Deployment> => {
    await step.next('publish');
    const opened = await openHost(ports, project, deployment);
    if (!opened.ok) return failPublish(ports, deployment, opened.error, log, step);
    // Beside the verification, which may request a page that needs no function.
    void ports.functions.prepare?.(deployment.id).catch(() => undefined);

    await step.next('verify');
    const verified = await verifyHealth(ports, project, deployment, log);
    if (!verified.ok) return failPublish(ports, deployment, verified.error, log, step);

    await step.next('switch');
    const switched = await switchTargets(ports, project, deployment);
    await step.end();
    return recordSuccess(ports, project, deployment, switched, log);
  };

/** Points the deployment's own host at it, unless it describes what no deployment target has. */
async function openHost(ports: Ports, project: Project, deployment: Deployment): Promise<Result<unknown>> {
  const manifest = await manifestOf(ports, deployment);
  for (const { volumes } of manifest === undefined ? [] : functionsOf(manifest)) {
    const mountable = refuseVolumes(volumes);
    if (!mountable.ok) return mountable;
  }
  return switchAlias(ports)({
    host: deployment.host,
    projectId: project.id,
    deploymentId: deployment.id,
    kind: 'deployment',
    target: deployment.id,
    pinned: false,
    expected: await ports.aliases.get(deployment.host),
  });
}

async function failPublish(
  ports: Ports,
  deployment: Deployment,
  error: AnchorError,
  log: BuildLog,
  step: StepRecorder,
): Promise<Deployment> {
  await step.fail();
  const ended = await failDeployment(ports, deployment.id, error, log);
  await ports.aliases.remove(deployment.host);
  await ports.functions.stop(deployment.id);
  return ended;
}

/** The addresses that serve the deployment now, and why others do not. */
type Switched = Readonly<{ urls: readonly string[]; notes: readonly string[] }>;

async function switchTargets(ports: Ports, project: Project, deployment: Deployment): Promise<Switched> {
  const notes: string[] = [];
  const urls: string[] = [];
  // Read again: other branches may have come to share it while it was built.
  const current = await ports.deployments.get(deployment.id);
  const targets = current === undefined || current.closed === true ? [] : await targetsOf(ports)(project, current);
  for (const target of targets) {
    const note = await autoAssignAlias(ports, project, deployment, target);
    if (note === undefined) urls.push(ports.site.urlOf(target.host));
    else notes.push(note);
  }
  return { urls, notes };
}

async function recordSuccess(
  ports: Ports,
  project: Project,
  deployment: Deployment,
  { urls, notes }: Switched,
  log: BuildLog,
): Promise<Deployment> {
  const now = ports.clock.now();
  const done = await moveDeployment(ports)(deployment.id, 'success', {
    deployEndedAt: now,
    ...(notes.length === 0 ? {} : { notPromoted: notes.join(' ') }),
  });
  if (!done.ok && done.error.code === 'not_found') {
    // Removed with its project during the switch: no alias may keep pointing at it.
    for (const alias of await ports.aliases.listByProject(project.id))
      if (alias.deploymentId === deployment.id) await ports.aliases.remove(alias.host);
    return deployment;
  }
  if (done.ok && done.value.closed === true) {
    await withdrawPreview(ports, done.value);
    log.note('Its branch or pull request was closed meanwhile: it has no preview.', 'warn');
    return done.value;
  }
  if (done.ok) await withdrawBranches(ports, done.value);
  for (const note of notes) log.note(note, 'warn');
  for (const url of [ports.site.urlOf(deployment.host), ...urls]) log.note(`✓ ${url}`);
  log.note(`✓ live after ${((now - deployment.createdAt) / 1000).toFixed(1)} s`);
  return done.ok ? done.value : deployment;
}
