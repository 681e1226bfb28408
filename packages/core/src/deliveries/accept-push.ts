import { newId, type DeploymentId, type ProjectId } from '../names/id.ts';
import { PREVIEW } from '../names/name.ts';
import type { Ports } from '../ports/ports.ts';
import type { Project } from '../projects/project.ts';
import { fail, ok, type AnchorError, type Result } from '../result/result.ts';
import { closeBranch, closePullRequest } from '../deployments/close-preview.ts';
import { draftDeployment, type DeploymentRequest } from '../deployments/draft.ts';
import { requestDeployment, takeDraft, type RequestPorts } from '../deployments/request.ts';
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

export type AcceptPorts = RequestPorts & Pick<Ports, 'deliveries' | 'blobs'>;
export type Accepted = Readonly<{ delivery: Delivery; deploymentIds: readonly DeploymentId[]; duplicate: boolean }>;

/** Bodies above this go to the blob store, so that a delivery fits in one item of every store. */
const MAX_INLINE_BODY = 256 * 1024;

/**
 * Keeps a delivery on disk and acts on it. When it resolves the delivery is durable and so is the deployment it made;
 * a crash in between is mended by `recover`. What most deliveries come to, a new deployment or nothing to do, is known
 * before anything is written, and is written together with the delivery. The same external id twice answers the first
 * delivery. `known`: the project, when the caller has just read it.
 */
export const acceptPush =
  (ports: AcceptPorts) =>
  async (incoming: IncomingPush, known?: Project): Promise<Result<Accepted>> => {
    const project = known ?? (await ports.projects.get(incoming.projectId));
    if (project === undefined) return fail('not_found', 'There is no such project', 'Check the address of the webhook in the project settings.');
    const delivery = await deliveryOf(ports, incoming);
    const decided = decide(project, incoming.push);
    if (decided.kind === 'deploy') {
      const made = await deployAtOnce(ports, delivery, { ...decided.request, force: incoming.force === true, deliveryId: delivery.id });
      if (made === 'delivery_known') return repeated(ports, project, incoming);
      // Its commit is known: the steps, one after the other, find out what that means.
      if (made !== 'deployment_known') return made;
    }
    const first = decided.kind === 'ignored' ? ignored(delivery, decided.reason) : decided.kind === 'nothing' ? { ...delivery, state: 'accepted' as const } : delivery;
    if (!(await ports.deliveries.insert(first))) return repeated(ports, project, incoming);
    return first.state === 'received' ? act(ports, project, first, false) : ok({ delivery: first, deploymentIds: [], duplicate: false });
  };

async function deliveryOf(ports: AcceptPorts, { projectId, source, externalId, event, headers, body, push, force }: IncomingPush): Promise<Delivery> {
  const now = ports.clock.now();
  return {
    id: newId('dlv', now), projectId, source, externalId, event, headers,
    body: body.length <= MAX_INLINE_BODY ? body : `blob:${await ports.blobs.put(new TextEncoder().encode(body))}`,
    push, ...(force === true ? { force: true } : {}), state: 'received', deploymentIds: [], receivedAt: now, version: 1,
  };
}

/** The delivery, its deployment and the job in one write. */
async function deployAtOnce(ports: AcceptPorts, received: Delivery, request: DeploymentRequest): Promise<Result<Accepted> | 'delivery_known' | 'deployment_known'> {
  const drafted = await draftDeployment(ports)(request);
  if (!drafted.ok) {
    if (drafted.error.code !== 'not_ready') return drafted;
    const delivery = ignored(received, drafted.error.message);
    return (await ports.deliveries.insert(delivery)) ? ok({ delivery, deploymentIds: [], duplicate: false }) : 'delivery_known';
  }
  const deploymentIds = [drafted.value.deployment.id];
  const delivery: Delivery = { ...received, state: 'accepted', deploymentIds };
  const taken = await takeDraft(ports, drafted.value, delivery);
  return taken === 'stored' ? ok({ delivery, deploymentIds, duplicate: false }) : taken;
}

const ignored = (delivery: Delivery, reason: string): Delivery => ({ ...delivery, state: 'ignored', reason });

/** The same delivery again. The first one may still be on its way through; acting twice makes one deployment all the same. */
async function repeated(ports: AcceptPorts, project: Project, { projectId, source, externalId }: IncomingPush): Promise<Result<Accepted>> {
  const first = await ports.deliveries.byExternalId(projectId, source, externalId);
  if (first === undefined) return fail('internal', 'The delivery could not be stored', 'Send it again.');
  return first.state === 'received' ? act(ports, project, first, true) : ok({ delivery: first, deploymentIds: first.deploymentIds, duplicate: true });
}

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

type Outcome = { deploymentIds: readonly DeploymentId[] } | { ignored: string } | { error: AnchorError };

async function follow(ports: AcceptPorts, project: Project, delivery: Delivery, push: PushEvent, force: boolean): Promise<Outcome> {
  const decided = decide(project, push);
  switch (decided.kind) {
    case 'nothing': return { deploymentIds: [] };
    case 'ignored': return { ignored: decided.reason };
    case 'close':
      await decided.close(ports);
      return { deploymentIds: [] };
    case 'deploy': {
      const requested = await requestDeployment(ports)({ ...decided.request, deliveryId: delivery.id, force });
      if (requested.ok) return { deploymentIds: [requested.value.deployment.id] };
      return requested.error.code === 'not_ready' ? { ignored: requested.error.message } : { error: requested.error };
    }
  }
}

type Decision =
  | Readonly<{ kind: 'nothing' }>
  | Readonly<{ kind: 'ignored'; reason: string }>
  | Readonly<{ kind: 'close'; close: (ports: AcceptPorts) => Promise<void> }>
  | Readonly<{ kind: 'deploy'; request: DeploymentRequest }>;

/** What a push asks for, by the rules of the project. */
function decide(project: Project, push: PushEvent): Decision {
  switch (push.kind) {
    case 'ping': return { kind: 'nothing' };
    case 'ignored': return { kind: 'ignored', reason: push.reason };
    case 'branch_deleted': return { kind: 'close', close: (ports) => closeBranch(ports)(project, push.branch) };
    case 'push': {
      if (asksToSkip(push.message)) return { kind: 'ignored', reason: 'the commit message asks to skip it' };
      if (!touches(project, push.changedFiles)) return { kind: 'ignored', reason: 'it changes none of the paths that the project is built from' };
      const { branch, commit, message, author } = push;
      const source = { kind: 'git', commit, branch, ...(message === undefined ? {} : { message }), ...(author === undefined ? {} : { author }) } as const;
      return { kind: 'deploy', request: { project, environment: environmentOf(project, branch), source } };
    }
    case 'pull_request': {
      const { branch, number, fork } = push;
      if (push.action === 'closed') return { kind: 'close', close: (ports) => closePullRequest(ports)(project, number, branch, fork) };
      const { commit, title, author } = push;
      const source = { kind: 'git', commit, branch, ...(title === undefined ? {} : { message: title }), ...(author === undefined ? {} : { author }) } as const;
      // A fork's branch may be called `main`: it is a preview whatever its name.
      return { kind: 'deploy', request: { project, environment: PREVIEW, source, pullRequest: { number, fork } } };
    }
  }
}
