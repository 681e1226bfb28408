import { newId, type ProjectId } from '../names/id.ts';
import type { Project } from '../projects/project.ts';
import { fail, ok, type Result } from '../result/result.ts';
import { planDeployment, recentOfBranch, type DeploymentRequest } from '../deployments/plan-deployment.ts';
import { persistPlan } from '../deployments/request.ts';
import { decide, ordering } from './decide.ts';
import type { Delivery, DeliverySource } from './delivery.ts';
import { LOOKUP_MS, orderOf } from './order.ts';
import { processDelivery, type Accepted, type AcceptPorts } from './process-delivery.ts';
import type { PushEvent } from './push-event.ts';

export type IncomingPush = Readonly<{
  projectId: ProjectId;
  source: DeliverySource;
  /** The sender's id of this delivery, or the hash of what it signed; unique per sender. */
  externalId: string;
  /** The sender's own id, when it is not the `externalId`. */
  senderId?: string;
  event: string;
  headers: Readonly<Record<string, string>>;
  body: string;
  push: PushEvent;
  /**
   * Build again although this commit was deployed before: deploy hooks, which fire when something outside git changed.
   */
  force?: boolean;
}>;

/**
 * Changed paths are read once, when the push arrives; a longer list is not stored. Unknown changes touch whatever is
 * watched.
 */
const MAX_STORED_PATH_CHARS = 256 * 1024;

function withinPathLimit(push: PushEvent): PushEvent {
  if (push.kind !== 'push' || push.changedFiles === undefined) return push;
  if (push.changedFiles.reduce((chars, path) => chars + path.length, 0) <= MAX_STORED_PATH_CHARS) return push;
  const { changedFiles: _, ...rest } = push;
  return rest;
}

/** Bodies above this go to the blob store, so that a delivery fits in one item of every store. */
const MAX_INLINE_BODY = 256 * 1024;

/**
 * Keeps a delivery on disk and acts on it. When it resolves the delivery is durable and so is the deployment it made; a
 * crash in between is repaired by `Recovery`. What most deliveries come to, a new deployment or nothing to do, is known
 * before anything is written, and is written together with the delivery. A duplicate external id returns the first
 * delivery. `known`: the project, when the caller has just read it.
 */
export const acceptPush =
  (ports: AcceptPorts) =>
  async (incoming: IncomingPush, known?: Project): Promise<Result<Accepted>> => {
    const project = known ?? (await ports.projects.get(incoming.projectId));
    if (project === undefined)
      return fail('not_found', 'There is no such project', 'Check the address of the webhook in the project settings.');
    const delivery = await deliveryOf(ports, incoming);
    const decided = decide(project, incoming.push);
    if (decided.kind === 'deploy') {
      const ordered = await ordering(ports, {
        ...decided.request,
        force: incoming.force === true,
        deliveryId: delivery.id,
      });
      const made =
        ordered.kind === 'ignored'
          ? await ignoreInOneWrite(ports, delivery, ordered.reason)
          : await deployInOneWrite(ports, delivery, ordered.request);
      if (made === 'duplicate_delivery') return handleDuplicate(ports, project, incoming);
      // Its commit is known: the steps, one after the other, find out what that means.
      if (made !== 'duplicate_deployment') return made;
    }
    const first =
      decided.kind === 'ignored'
        ? ignored(delivery, decided.reason)
        : decided.kind === 'nothing'
          ? { ...delivery, state: 'accepted' as const }
          : delivery;
    if (!(await ports.deliveries.insert(first))) return handleDuplicate(ports, project, incoming);
    return first.state === 'received'
      ? processDelivery(ports, project, first, false)
      : ok({ delivery: first, deploymentIds: [], duplicate: false });
  };

async function deliveryOf(
  ports: AcceptPorts,
  { projectId, source, externalId, senderId, event, headers, body, push, force }: IncomingPush,
): Promise<Delivery> {
  const now = ports.clock.now();
  return {
    id: newId('dlv', now),
    projectId,
    source,
    externalId,
    ...(senderId === undefined ? {} : { senderId }),
    event,
    headers,
    body: body.length <= MAX_INLINE_BODY ? body : `blob:${await ports.blobs.put(new TextEncoder().encode(body))}`,
    push: withinPathLimit(push),
    ...(force === true ? { force: true } : {}),
    state: 'received',
    deploymentIds: [],
    receivedAt: now,
    version: 1,
  };
}

/** Stores the delivery, its deployment and the job in one write. */
async function deployInOneWrite(
  ports: AcceptPorts,
  received: Delivery,
  request: DeploymentRequest,
): Promise<Result<Accepted> | 'duplicate_delivery' | 'duplicate_deployment'> {
  const drafted = await planDeployment(ports)(request);
  if (!drafted.ok)
    return drafted.error.code === 'not_ready' ? ignoreInOneWrite(ports, received, drafted.error.message) : drafted;
  const deploymentIds = [drafted.value.deployment.id];
  const delivery: Delivery = { ...received, state: 'accepted', deploymentIds };
  const taken = await persistPlan(ports, drafted.value, delivery);
  return taken === 'stored' ? ok({ delivery, deploymentIds, duplicate: false }) : taken;
}

async function ignoreInOneWrite(
  ports: AcceptPorts,
  received: Delivery,
  reason: string,
): Promise<Result<Accepted> | 'duplicate_delivery'> {
  const delivery = ignored(received, reason);
  return (await ports.deliveries.insert(delivery))
    ? ok({ delivery, deploymentIds: [], duplicate: false })
    : 'duplicate_delivery';
}

const ignored = (delivery: Delivery, reason: string): Delivery => ({ ...delivery, state: 'ignored', reason });

/**
 * Handles a duplicate delivery. The first one may still be in flight; processing both creates one deployment all the
 * same. Git hosts whose payloads have no times send equal bytes when a branch returns to a commit. When the host
 * confirms that the commit is the head again, its deployment serves again.
 */
async function handleDuplicate(
  ports: AcceptPorts,
  project: Project,
  { projectId, source, externalId }: IncomingPush,
): Promise<Result<Accepted>> {
  const first = await ports.deliveries.byExternalId(projectId, source, externalId);
  if (first === undefined)
    return fail('internal', 'The delivery could not be stored', 'Redeliver it from the git host.');
  return first.state === 'received' || (await isHeadAgain(ports, project, first))
    ? processDelivery(ports, project, first, true)
    : ok({ delivery: first, deploymentIds: first.deploymentIds, duplicate: true });
}

async function isHeadAgain(
  ports: AcceptPorts,
  project: Project,
  { push, force, deploymentIds }: Delivery,
): Promise<boolean> {
  if (push?.kind === 'branch_deleted') {
    const head =
      project.source.kind === 'git'
        ? await ports.heads.head(project, { kind: 'branch', branch: push.branch }, LOOKUP_MS)
        : undefined;
    return head?.ok === false && head.error.code === 'not_found';
  }
  const decided =
    push === undefined || force === true || deploymentIds.length === 0 ? undefined : decide(project, push);
  if (decided?.kind !== 'deploy') return false;
  return (await orderOf(ports)(decided.request, await recentOfBranch(ports, decided.request))).kind === 'head';
}
