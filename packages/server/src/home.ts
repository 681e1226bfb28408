import type { DeploymentId, ProjectId } from '@anchor/core/names/id.ts';
import type { BranchName, CommitSha } from '@anchor/core/names/name.ts';
import type { Project } from '@anchor/core/projects/project.ts';
import type { Result } from '@anchor/core/result/result.ts';

/** One thing that `anchor doctor` shows. A check that is not ok says what to do. */
export type Check = Readonly<{ name: string; ok: boolean; message: string; fix?: string }>;
export type GcAnswer = Readonly<{ artifacts: readonly DeploymentId[]; records: readonly DeploymentId[]; deliveries: number; blobs: number; bytes: number }>;

/** What the API offers beyond the use cases, and what only the home that it runs in can do. */
export type Home = Readonly<{
  /** The newest commit of a branch of a repository elsewhere. The platform's own repositories are asked through their port. */
  remoteHead: (project: Project, branch: BranchName) => Promise<Result<CommitSha>>;
  gc: (input: Readonly<{ dryRun: boolean }>) => Promise<Result<GcAnswer>>;
  /** The backup file, already checked; the stream's end is the file's end. */
  backup: (signal: AbortSignal) => Promise<Result<AsyncIterable<Uint8Array>>>;
  /** Takes a backup file in, checks it, and arranges that the home starts again with it once this has answered. Absent where a home can not. */
  restore?: (content: AsyncIterable<Uint8Array>) => Promise<Result<Readonly<{ projects: number; deployments: number; blobs: number; bytes: number }>>>;
  checks: () => Promise<readonly Check[]>;
  /** Of the disk that holds the data. */
  disk: () => Promise<Readonly<{ freeBytes: number; totalBytes: number }>>;
  /** Called before a project and its records go: stops its running builds, removes its caches. */
  projectRemoved?: (projectId: ProjectId) => Promise<void>;
  /** Absent where the home has no repositories of its own on disk. */
  git?: Readonly<{ repositoryPath: (projectId: ProjectId) => string }>;
}>;
