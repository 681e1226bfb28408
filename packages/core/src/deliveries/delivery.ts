import type { DeliveryId, DeploymentId, ProjectId } from '../names/id.ts';
import type { PushEvent } from './push-event.ts';

export type DeliverySource = 'github' | 'gitlab' | 'gitea' | 'hook' | 'git' | 'upload' | 'api';
/**
 * `received`: on disk, not yet acted on (resumed after a crash). `accepted`: made or found a deployment. `ignored`,
 * `rejected`: with a reason.
 */
export type DeliveryState = 'received' | 'accepted' | 'ignored' | 'rejected';

/** One incoming webhook or push, stored whole before its response. Can be replayed. */
export type Delivery = Readonly<{
  id: DeliveryId;
  projectId: ProjectId;
  source: DeliverySource;
  /** Identifies a duplicate delivery: a hash of the signed content, or the sender's id where nothing is signed. */
  externalId: string;
  /** The sender's own id (X-GitHub-Delivery, …), by which a user finds it at the git host. */
  senderId?: string;
  event: string;
  headers: Readonly<Record<string, string>>;
  /**
   * The raw body, as text; bodies that are not UTF-8 are refused before this. Larger than 256 KiB: in the blob store,
   * `blob:<sha256>`.
   */
  body: string;
  /** Its event, parsed before it was stored; absent when it was rejected unparsed. A replay processes this. */
  push?: PushEvent;
  /** Builds although its commit was deployed before: deploy hooks fire when something outside git changed. */
  force?: boolean;
  state: DeliveryState;
  reason?: string;
  deploymentIds: readonly DeploymentId[];
  receivedAt: number;
  version: number;
}>;
