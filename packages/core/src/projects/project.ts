import type { BranchName, EnvironmentName, ProjectName } from '../names/name.ts';
import type { ProjectId } from '../names/id.ts';

/** Where a project's commits come from. `hosted` is the platform's own git remote; `upload` is `anchor deploy` from a folder. */
export type Source =
  | Readonly<{ kind: 'hosted' }>
  | Readonly<{ kind: 'git'; url: string; provider: GitProvider }>;
export type GitProvider = 'github' | 'gitlab' | 'gitea' | 'generic';

/** Which environment a branch deploys to: the first rule that matches wins; no match means no deployment. `*` matches within a path segment, `**` across. */
export type BranchRule = Readonly<{ pattern: string; environment: EnvironmentName }>;

/** Overrides of what detection finds; an absent field means "detect". Paths are relative to the repository root and stay inside it. */
export type BuildSettings = Readonly<{
  rootDirectory?: string;
  framework?: 'nextjs' | 'static' | 'spa' | 'node';
  installCommand?: string;
  buildCommand?: string;
  startCommand?: string;
  outputDirectory?: string;
  nodeVersion?: string;
  /** Globs; a push that touches none of them makes no deployment. */
  paths?: readonly string[];
}>;

/** The request that a new deployment must answer before it may serve. `status` is a list of accepted codes; default: 200 to 399 on `/`. */
export type HealthCheck = Readonly<{ path: string; status?: readonly number[]; timeoutSeconds: number }>;

/** What a project's functions may use. */
export type FunctionSettings = Readonly<{
  memoryMb: number; maxInstances: number; concurrency: number; idleSeconds: number; drainSeconds: number;
  /** Until the first byte of the answer to a request, which is answered 504 after that. */
  timeoutSeconds: number;
  /** How long a deployment that was replaced still answers the browser tabs that were opened on it; 0 for not at all. */
  skewSeconds: number;
}>;

export type Project = Readonly<{
  id: ProjectId;
  name: ProjectName;
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
  /** Sealed git credentials taken out of the repository URL, `user:password`. */
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
export const DEFAULT_FUNCTIONS: FunctionSettings = { memoryMb: 512, maxInstances: 4, concurrency: 50, idleSeconds: 300, drainSeconds: 30, timeoutSeconds: 60, skewSeconds: 86_400 };
