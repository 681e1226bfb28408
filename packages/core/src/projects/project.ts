import type { Framework } from '@anchor/protocol/artifact/web/framework.ts';
import type { BranchName, EnvironmentName, ProjectName } from '../names/name.ts';
import type { ProjectId, TeamId } from '../names/id.ts';

/** Where a project's commits come from. `hosted` is the platform's own git remote, `git` a repository at a git host. */
export type Source = Readonly<{ kind: 'hosted' }> | Readonly<{ kind: 'git'; url: string; provider: GitProvider }>;
export type GitProvider = 'github' | 'gitlab' | 'gitea' | 'generic';

/**
 * Which environment a branch deploys to: the first rule that matches wins; no match means `preview`. `*` matches within
 * a path segment, `**` across.
 */
export type BranchRule = Readonly<{ pattern: string; environment: EnvironmentName }>;

/**
 * Overrides of what detection finds; an absent field means "detect". Paths are relative to the repository root and stay
 * inside it.
 */
export type BuildSettings = Readonly<{
  rootDirectory?: string;
  framework?: Framework;
  installCommand?: string;
  buildCommand?: string;
  startCommand?: string;
  outputDirectory?: string;
  nodeVersion?: string;
  /** How many commits of history a build sees: 1 unless set, 0 for all. */
  gitDepth?: number;
  /** Whether builds and functions get the variables that applications know from Vercel; absent: yes. */
  vercelVariables?: boolean;
  /** Globs; a push that touches none of them makes no deployment. */
  paths?: readonly string[];
}>;

/**
 * The request that a new deployment must pass before it may serve. `status` is a list of accepted codes; default: 200
 * to 399 on `/`.
 */
export type HealthCheck = Readonly<{ path: string; status?: readonly number[]; timeoutSeconds: number }>;

/** Limits of a project's functions. */
export type FunctionSettings = Readonly<{
  memoryMb: number;
  maxInstances: number;
  concurrency: number;
  idleSeconds: number;
  drainSeconds: number;
  /** Minimum instances of production, which run without requests; 0 when absent. */
  minInstances?: number;
  /** Until the first byte of the response; after that the request fails with 504. */
  timeoutSeconds: number;
  /** How long a replaced deployment still serves pages that were loaded from it (skew protection); 0: off. */
  skewSeconds: number;
}>;

export type Project = Readonly<{
  id: ProjectId;
  name: ProjectName;
  /** Absent: the default team, see people/team.ts. */
  teamId?: TeamId;
  source: Source;
  productionBranch: BranchName;
  branchRules: readonly BranchRule[];
  build: BuildSettings;
  health: HealthCheck;
  functions: FunctionSettings;
  /** Sealed (see SecretBox): the HMAC key of webhooks. */
  webhookSecret: string;
  /** SHA-256 hex of the secret part of the deploy hook URL. */
  deployHookHash: string;
  /**
   * Sealed git credentials: `user:password` taken out of the repository URL, or a private deploy key for an ssh
   * address.
   */
  gitCredentials?: string;
  /** 32 bytes, base64, sealed: the server actions key that every build of the project shares. */
  actionsKey: string;
  status: 'active' | 'paused';
  createdAt: number;
  updatedAt: number;
  /** Grows by one at each change; the condition of every write. */
  version: number;
}>;

export const DEFAULT_HEALTH: HealthCheck = { path: '/', timeoutSeconds: 30 };
export const DEFAULT_FUNCTIONS: FunctionSettings = {
  memoryMb: 512,
  maxInstances: 4,
  concurrency: 50,
  idleSeconds: 300,
  drainSeconds: 30,
  timeoutSeconds: 60,
  skewSeconds: 86_400,
};
