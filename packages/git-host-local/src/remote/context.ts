import type { ServerContext } from '@anchor/server/context.ts';
import type { HostedGit } from '../process/hosted-git.ts';

/** The context of every part of the git remote: the server it belongs to, and the repositories. */
export type GitRemoteContext = ServerContext & Readonly<{ git: HostedGit }>;
