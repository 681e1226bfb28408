import { newId, type DeploymentId, type ProjectId } from '../names/id.ts';
import { PREVIEW, type BranchName } from '../names/name.ts';
import type { Ports } from '../ports/ports.ts';
import type { Project } from '../projects/project.ts';
import { fail, ok, type Result } from '../result/result.ts';
import { closeBranch, closePullRequest } from '../deployments/close-preview.ts';
import { requestDeployment } from '../deployments/request.ts';
import type { Delivery, DeliverySource } from './delivery.ts';
import type { PushEvent } from './push-event.ts';
import { asksToSkip, environmentOf, touches } from './rules.ts';

export type IncomingPush = Readonly<{
  projectId: ProjectId;
  source: DeliverySource;
  /** The sender's id of this delivery; unique per sender. */
  externalId: string;
  event: string;
  headers: Readonly<Record<string, string>>;
  body: string;
  push: PushEvent;
  /** Build again although this commit was deployed before: deploy hooks, which fire when something outside git changed. */
  force?: boolean;
}>;

export type AcceptPorts = Pick<Ports, 'projects' | 'deliveries' | 'deployments' | 'queue' | 'aliases' | 'blobs' | 'clock' | 'site' | 'probe'>;
export type Accepted = Readonly<{ delivery: Delivery; deploymentIds: readonly DeploymentId[]; duplicate: boolean }>;

/** Bodies above this go to the blob store, so that a delivery fits in one item of every store. */
const MAX_INLINE_BODY = 256 * 1024;

/**
 * Keeps a delivery on disk, then acts on it. When it resolves the delivery is durable and so is the deployment it made;
 * a crash in between is mended by `recover`. The same external id twice answers the first delivery.
 */
export const acceptPush =
  (ports: AcceptPorts) =>
  async (incoming: IncomingPush): Promise<Result<Accepted>> => {
    const project = await ports.projects.get(incoming.projectId);
    if (project === undefined) return fail('not_found', 'There is no such project', 'Check the address of the webhook in the project settings.');
    const now = ports.clock.now();
    const delivery: Delivery = {
      id: newId('dlv', now), projectId: incoming.projectId, source: incoming.source, externalId: incoming.externalId, event: incoming.event, headers: incoming.headers,
      body: incoming.body.length <= MAX_INLINE_BODY ? incoming.body : `blob:${await ports.blobs.put(new TextEncoder().encode(incoming.body))}`,
      push: incoming.push, ...(incoming.force === true ? { force: true } : {}), state: 'received', deploymentIds: [], receivedAt: now, version: 1,
    };
    if (!(await ports.deliveries.insert(delivery))) {
      const first = await ports.deliveries.byExternalId(incoming.projectId, incoming.source, incoming.externalId);
      if (first === undefined) return fail('internal', 'The delivery could not be stored', 'Send it again.');
      // The first one may still be on its way through; acting twice makes one deployment all the same.
      return first.state === 'received' ? act(ports, project, first, true) : ok({ delivery: first, deploymentIds: first.deploymentIds, duplicate: true });
    }
    return act(ports, project, delivery, false);
  };

/** Acts on a stored delivery and notes the outcome on it. Idempotent. */
export async function act(ports: AcceptPorts, project: Project, delivery: Delivery, duplicate: boolean, force = delivery.force === true): Promise<Result<Accepted>> {
  const outcome = delivery.push === undefined ? { ignored: 'it was never parsed' } : await follow(ports, project, delivery, delivery.push, force);
  if ('error' in outcome) return { ok: false, error: outcome.error };
  const deploymentIds = 'deploymentIds' in outcome ? outcome.deploymentIds : [];
  const done: Delivery = {
    ...delivery, state: 'ignored' in outcome ? 'ignored' : 'accepted', version: delivery.version + 1,
    deploymentIds: [...new Set([...delivery.deploymentIds, ...deploymentIds])],
    ...('ignored' in outcome ? { reason: outcome.ignored } : {}),
  };
  // Losing this write means that somebody else noted the same outcome.
  await ports.deliveries.replace(done);
  return ok({ delivery: done, deploymentIds, duplicate });
}

type Outcome = { deploymentIds: readonly DeploymentId[] } | { ignored: string } | { error: Extract<Result<never>, { ok: false }>['error'] };

async function follow(ports: AcceptPorts, project: Project, delivery: Delivery, push: PushEvent, force: boolean): Promise<Outcome> {
  switch (push.kind) {
    case 'ping':
      return { deploymentIds: [] };
    case 'ignored':
      return { ignored: push.reason };
    case 'branch_deleted':
      await closeBranch(ports)(project, push.branch);
      return { deploymentIds: [] };
    case 'push': {
      if (asksToSkip(push.message)) return { ignored: 'the commit message asks to skip it' };
      if (!touches(project, push.changedFiles)) return { ignored: 'it changes none of the paths that the project is built from' };
      const { branch, commit, message, author } = push;
      return request(ports, project, delivery, branch, { kind: 'git', commit, branch, ...(message === undefined ? {} : { message }), ...(author === undefined ? {} : { author }) }, undefined, force);
    }
    case 'pull_request': {
      if (push.action === 'closed') {
        await closePullRequest(ports)(project, push.number, push.branch, push.fork);
        return { deploymentIds: [] };
      }
      const { branch, commit, title, author, number, fork } = push;
      return request(ports, project, delivery, branch, { kind: 'git', commit, branch, ...(title === undefined ? {} : { message: title }), ...(author === undefined ? {} : { author }) }, { number, fork }, force);
    }
  }
}

async function request(ports: AcceptPorts, project: Project, delivery: Delivery, branch: BranchName, source: Parameters<ReturnType<typeof requestDeployment>>[0]['source'], pullRequest: { number: number; fork: boolean } | undefined, force: boolean): Promise<Outcome> {
  // A fork's branch may be called `main`: it is a preview whatever its name.
  const environment = pullRequest === undefined ? environmentOf(project, branch) : PREVIEW;
  const requested = await requestDeployment(ports)({ project, environment, source, deliveryId: delivery.id, force, ...(pullRequest === undefined ? {} : { pullRequest }) });
  if (requested.ok) return { deploymentIds: [requested.value.deployment.id] };
  return requested.error.code === 'not_ready' ? { ignored: requested.error.message } : { error: requested.error };
}
