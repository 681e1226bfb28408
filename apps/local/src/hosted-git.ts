import type { HostedGit } from '@anchor/git-host-local/process/hosted-git.ts';
import type { LocalComposition } from './compose.ts';
import type { Settings } from './settings.ts';

/** Wires the git remote to the repositories of this machine. */
export const hostedGit = ({ paths, gitProcesses, gate }: LocalComposition, settings: Settings): HostedGit => ({
  repositoryPath: paths.repository,
  repositoryMb: settings.repositoryMb,
  processes: gitProcesses,
  enter: (projectId) => gate.enter(paths.repository(projectId)),
});
