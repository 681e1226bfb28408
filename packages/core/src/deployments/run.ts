import { environmentHost } from '../aliases/host.ts';
import { systemVariables } from '../environments/system-variables.ts';
import { openSnapshot, sealSnapshot, takeSnapshot } from '../environments/snapshot.ts';
import type { Snapshot } from '../environments/snapshot-schema.ts';
import { createBuildLog, type BuildLog } from '../logs/build-log.ts';
import type { DeploymentId } from '../names/id.ts';
import { PRODUCTION } from '../names/name.ts';
import type { Ports } from '../ports/ports.ts';
import type { Project } from '../projects/project.ts';
import { fail, ok, type AnchorError, type Result } from '../result/result.ts';
import { isFinal, type Deployment } from './deployment.ts';
import { failDeployment } from './fail.ts';
import { keptNode } from './kept-node.ts';
import { publish } from './publish.ts';
import { yieldToNewer } from './request.ts';
import { stepper } from './steps.ts';
import { moveDeployment, notFound, updateDeployment } from './update.ts';

/** `retry`: worth another try after a while, as the error says. `done`: it is final, for better or worse. */
export type RunOutcome = Readonly<{ kind: 'done'; deployment: Deployment } | { kind: 'retry'; error: AnchorError; deployment: Deployment }>;

/** Failures of the surroundings, not of the code: another try may go well. */
const WORTH_RETRYING: readonly AnchorError['code'][] = ['source_unreachable', 'disk_full', 'internal'];
export const MAX_ATTEMPTS = 3;
/** A build that was begun this often and never ended takes the platform down with it, or is restarted all the time. */
const MAX_BEGINNINGS = 10;

/**
 * Takes a deployment from wherever it stands to its end: build → publish → verify → switch. Every step may be
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

    // Whoever built it is gone or lost its lease: the job is ours now.
    const resumed = found.state === 'building' ? await moveDeployment(ports)(id, 'queued') : ok(found);
    const prepared = await prepare(ports, project, resumed.ok ? resumed.value : found);
    if (!prepared.ok) return prepared;
    const { deployment, snapshot } = prepared.value;
    const secrets = [...snapshot.secrets];
    const credentials = await openCredentials(ports, project);
    if (!credentials.ok) return credentials;
    if (credentials.value !== undefined) secrets.push(credentials.value, ...credentials.value.split(':').filter((part) => part.length >= 8));
    const log = createBuildLog(ports, id, secrets);

    const outcome = await attempt(ports, project, deployment, snapshot, { secrets, credentials: credentials.value, log }, signal);
    await log.flush();
    if (outcome.kind === 'done') await ports.logs.close('build', id);
    return ok(outcome);
  };

type Context = Readonly<{ secrets: readonly string[]; credentials: string | undefined; log: BuildLog }>;

async function attempt(ports: Ports, project: Project, deployment: Deployment, snapshot: Snapshot, context: Context, signal: AbortSignal): Promise<RunOutcome> {
  let current = deployment;
  if (current.state !== 'deploying') {
    const built = await build(ports, project, current, snapshot, context, signal);
    if (!built.ok) return failBuild(ports, current.id, current.attempt + 1, built.error, context.log, signal);
    current = built.value;
    if (current.state !== 'deploying') return { kind: 'done', deployment: current };
  }
  const published = await publish(ports)(project, current, context.log, stepper(ports, current.id, context.log));
  return { kind: 'done', deployment: published };
}

/** Freezes the variables on the deployment, once: a retry builds with what the first try saw. */
async function prepare(ports: Ports, project: Project, deployment: Deployment): Promise<Result<Readonly<{ deployment: Deployment; snapshot: Snapshot }>>> {
  if (deployment.environmentSnapshot !== undefined) {
    const snapshot = await openSnapshot(ports)(deployment.id, deployment.environmentSnapshot);
    return snapshot.ok ? ok({ deployment, snapshot: snapshot.value }) : snapshot;
  }
  const system = systemVariables(project, deployment, ports.site, environmentHost(project.name, PRODUCTION, ports.site.domain));
  const taken = await takeSnapshot(ports)({ projectId: project.id, environment: deployment.environment, trusted: deployment.trusted, system });
  if (!taken.ok) return taken;
  const actionsKey = await ports.secrets.open(project.actionsKey, `actions/${project.id}`);
  if (!actionsKey.ok) return actionsKey;
  // One key a project, so that a form of an older deployment still works after a switch.
  const key = { NEXT_SERVER_ACTIONS_ENCRYPTION_KEY: actionsKey.value };
  const given = taken.value;
  const snapshot: Snapshot = { build: { ...key, ...given.build }, run: { ...key, ...given.run }, secrets: [...given.secrets, actionsKey.value] };
  const sealed = await sealSnapshot(ports)(deployment.id, snapshot);
  const updated = await updateDeployment(ports)(deployment.id, (current) => (current.environmentSnapshot === undefined ? { environmentSnapshot: sealed } : undefined));
  return updated.ok ? ok({ deployment: updated.value, snapshot }) : updated;
}

async function openCredentials(ports: Ports, project: Project): Promise<Result<string | undefined>> {
  if (project.gitCredentials === undefined) return ok(undefined);
  return ports.secrets.open(project.gitCredentials, `git/${project.id}`);
}

async function build(ports: Ports, project: Project, deployment: Deployment, snapshot: Snapshot, context: Context, signal: AbortSignal): Promise<Result<Deployment>> {
  const room = await ports.capacity.roomForBuild();
  if (!room.ok) return room;
  if (deployment.attempt >= MAX_BEGINNINGS) return fail('internal', `Its build was begun ${deployment.attempt} times and never ended`, 'Look into the server log for what ended the platform meanwhile, then deploy again: anchor deploy.');
  if (await yieldToNewer(ports, deployment)) return ok((await ports.deployments.get(deployment.id)) ?? deployment);
  const started = await moveDeployment(ports)(deployment.id, 'building', { attempt: deployment.attempt + 1, buildStartedAt: ports.clock.now(), steps: [] });
  if (!started.ok) return ok((await ports.deployments.get(deployment.id)) ?? deployment);
  const branch = deployment.source.branch ?? deployment.environment;
  const step = stepper(ports, deployment.id, context.log);
  const kept = await keptNode(ports.deployments, deployment);
  const result = await ports.builds.run(
    {
      deploymentId: deployment.id, projectId: project.id, repository: project.source, source: deployment.source, settings: project.build,
      variables: snapshot.build, secrets: context.secrets,
      cache: { scope: branch, fallback: project.productionBranch, write: deployment.trusted },
      ...(context.credentials === undefined ? {} : { credentials: context.credentials }),
      ...(kept === undefined ? {} : { keptNode: kept }),
    },
    { output: context.log.output, step: (name) => void step.next(name) },
    signal,
  );
  await step.end();
  if (!result.ok) return result;
  // Not when another worker has begun anew because this one's lease was lost: then the artifact is that one's to bring.
  const own = (await ports.deployments.get(deployment.id))?.attempt === started.value.attempt;
  const moved = !own ? fail('conflict', 'Another worker builds it', 'Nothing to do.') : await moveDeployment(ports)(deployment.id, 'deploying', { ...result.value, buildEndedAt: ports.clock.now(), deployStartedAt: ports.clock.now() });
  // Refused: it was canceled while its last files were stored.
  return moved.ok ? moved : ok((await ports.deployments.get(deployment.id)) ?? deployment);
}

/** `attempt`: the one that failed; a later one is another worker's, and left alone. */
async function failBuild(ports: Ports, id: DeploymentId, attempt: number, error: AnchorError, log: BuildLog, signal: AbortSignal): Promise<RunOutcome> {
  const now = await ports.deployments.get(id);
  if (now !== undefined && now.attempt > attempt) return { kind: 'done', deployment: now };
  if (now !== undefined && isFinal(now.state)) {
    log.note(now.error?.message ?? `It is ${now.state}.`, 'warn');
    return { kind: 'done', deployment: now };
  }
  if (now !== undefined && signal.aborted) {
    // Nobody canceled it: the platform is stopping, or another worker took over. It builds again later.
    log.note('The build was interrupted and starts again.', 'warn');
    const back = now.state === 'building' ? await moveDeployment(ports)(id, 'queued') : ok(now);
    if (back.ok) return { kind: 'retry', error, deployment: back.value };
  }
  if (now !== undefined && WORTH_RETRYING.includes(error.code) && (now.failures ?? 0) + 1 < MAX_ATTEMPTS && now.attempt < MAX_BEGINNINGS) {
    const failures = (now.failures ?? 0) + 1;
    log.note(`${error.message}${error.cause === undefined ? '' : ` (${error.cause})`}. It is tried again: attempt ${failures + 1} of ${MAX_ATTEMPTS}.`, 'warn');
    const back = now.state === 'building' ? await moveDeployment(ports)(id, 'queued', { failures }) : await updateDeployment(ports)(id, () => ({ failures }));
    if (back.ok) return { kind: 'retry', error, deployment: back.value };
  }
  return { kind: 'done', deployment: await failDeployment(ports, id, error, log) };
}
