import type { CreateGitRemote } from '@anchor/server/git-remote.ts';
import type { HostedGit } from '../process/hosted-git.ts';
import type { GitRemoteContext } from './context.ts';
import { PushJournal } from './push-journal.ts';
import { remoteHandler } from './remote.ts';

/** Serves the repositories of this machine as a git remote with Git LFS. */
export const gitRemote =
  (git: HostedGit): CreateGitRemote =>
  (server) => {
    const context: GitRemoteContext = { ...server, git };
    const journal = new PushJournal(context);
    return { handle: remoteHandler(context, journal), pushes: journal };
  };
