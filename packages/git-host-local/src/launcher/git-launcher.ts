import type { GitChild } from './git-child.ts';

export interface GitLauncher {
  /** Starts an argument vector with its whole environment. Rejects when it cannot be started. */
  start(argv: readonly string[], env: Readonly<Record<string, string>>): Promise<GitChild>;
  /** Running gits go on. */
  close(): Promise<void>;
}
