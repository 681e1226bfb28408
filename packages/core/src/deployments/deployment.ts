import type { DeliveryId, DeploymentId, ProjectId } from '../names/id.ts';
import type { BranchName, CommitSha, EnvironmentName, HostName } from '../names/name.ts';
import type { AnchorError } from '../result/result.ts';

export const DEPLOYMENT_STATES = ['held', 'queued', 'building', 'deploying', 'success', 'failed', 'canceled'] as const;
export type DeploymentState = (typeof DEPLOYMENT_STATES)[number];

/**
 * The one table of transitions. `held` waits for a user's approval (fork pull requests). `building → queued` is a
 * resume after a crash or a retry; `deploying` can no longer be canceled: a running switch is never stopped half-way.
 */
export const TRANSITIONS: Readonly<Record<DeploymentState, readonly DeploymentState[]>> = {
  held: ['queued', 'canceled'],
  queued: ['building', 'failed', 'canceled'],
  building: ['queued', 'deploying', 'failed', 'canceled'],
  deploying: ['success', 'failed'],
  success: [],
  failed: [],
  canceled: [],
};
export const canMove = (from: DeploymentState, to: DeploymentState): boolean => TRANSITIONS[from].includes(to);
/**
 * When its commit became the head of the branch, or of any of its branches, Unix time in ms. The later of two serves.
 */
export const headTime = (
  { headAt = [], createdAt }: Pick<Deployment, 'headAt' | 'createdAt'>,
  branch?: string,
): number =>
  headAt.reduce(
    (time, head) => (branch === undefined || head.branch === branch ? Math.max(time, head.at) : time),
    createdAt,
  );
export const isFinal = (state: DeploymentState): boolean => TRANSITIONS[state].length === 0;

/**
 * The source of a build: a commit of the project's repository, or an uploaded folder (a tar archive in the blob store).
 */
export type DeploymentSource =
  | Readonly<{
      kind: 'git';
      commit: CommitSha;
      branch: BranchName;
      message?: string;
      author?: string;
      /** The branch's commit before the push that made it. */
      before?: CommitSha;
    }>
  | Readonly<{ kind: 'upload'; blob: string; branch?: BranchName; commit?: CommitSha; message?: string }>;

export type DeploymentStep = Readonly<{ name: StepName; startedAt: number; endedAt?: number }>;
export const STEP_NAMES = ['fetch', 'install', 'build', 'package', 'publish', 'verify', 'switch'] as const;
export type StepName = (typeof STEP_NAMES)[number];

export type Deployment = Readonly<{
  id: DeploymentId;
  projectId: ProjectId;
  environment: EnvironmentName;
  source: DeploymentSource;
  /**
   * The key that makes duplicate pushes one deployment: `project/environment/commit`, or the deployment's own id for
   * forced ones.
   */
  dedupeKey: string;
  state: DeploymentState;
  /** Why it failed, was canceled or is held. */
  error?: AnchorError;
  /** Other branches whose head is the same commit: they share the deployment and get their own host. */
  alsoBranches?: readonly BranchName[];
  /** Those of its branches that were closed since, while others remain: they get no host. */
  closedBranches?: readonly BranchName[];
  deliveryId?: DeliveryId;
  pullRequest?: Readonly<{ number: number; fork: boolean }>;
  /** Fork builds get no secrets and write no caches. */
  trusted: boolean;
  /** SHA-256 hex of the manifest in the blob store; set when the build ends well. */
  artifact?: string;
  /**
   * The Node major that it got because nothing names one: the next builds for its environment keep it when the
   * platform's default changes.
   */
  defaultNode?: string;
  /** When retention removed the artifact's files: it can no longer be served or promoted. */
  artifactRemovedAt?: number;
  /** The sealed variables it was built and runs with: a rollback brings them back. */
  environmentSnapshot?: string;
  /** The immutable host name of this deployment. */
  host: HostName;
  steps: readonly DeploymentStep[];
  /** How often its build was started, restarts of the platform included. */
  attempt: number;
  /** How often the surroundings failed it (network, disk); absent: never. */
  failures?: number;
  /** Its branch or pull request was closed while it was switched to: it keeps no preview host. */
  closed?: boolean;
  /** Set when it succeeded but was not promoted, with the reason for the user. */
  notPromoted?: string;
  /**
   * Branches that were set back to its commit, and when (Unix time in ms): decides what is newer in place of
   * `createdAt`.
   */
  headAt?: readonly Readonly<{ branch: BranchName; at: number }>[];
  /** The git host could not be reached to look up the head: repeated before it builds. */
  unordered?: boolean;
  createdAt: number;
  buildStartedAt?: number;
  buildEndedAt?: number;
  deployStartedAt?: number;
  deployEndedAt?: number;
  updatedAt: number;
  version: number;
}>;
