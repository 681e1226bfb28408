import type { ProjectId } from '@anchor/core/names/id.ts';
import type { GitProcesses } from './git-processes.ts';

/** The platform's own git repositories on disk, as the git remote uses them. */
export type HostedGit = Readonly<{
  repositoryPath: (projectId: ProjectId) => string;
  /** Limit of one project's repository, with its history and Git LFS files. */
  repositoryMb: number;
  /** Starts git, confined to one repository and to the limits of all. */
  processes: GitProcesses;
  /** Waits until upkeep of the repository has ended; none starts before the returned function is called. */
  enter?: (projectId: ProjectId) => Promise<() => void>;
}>;
