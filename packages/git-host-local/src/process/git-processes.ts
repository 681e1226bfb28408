import { DIRECT_LAUNCHER } from '../launcher/direct-launcher.ts';
import type { GitChild } from '../launcher/git-child.ts';
import type { GitLauncher } from '../launcher/git-launcher.ts';
import { NO_GIT_SANDBOX, type GitAccess, type GitSandbox } from './git-sandbox.ts';

/**
 * No configuration but the repository's own, no hooks, no prompts, no replaced objects, no transport that runs a
 * program.
 */
export const GIT_ENVIRONMENT: Readonly<Record<string, string>> = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  LC_ALL: 'C',
  HOME: '/nonexistent',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_ATTR_NOSYSTEM: '1',
  GIT_TERMINAL_PROMPT: '0',
  GIT_NO_REPLACE_OBJECTS: '1',
  GIT_OPTIONAL_LOCKS: '0',
  // A few kilobytes can unpack to an object of gigabytes. Large files are streamed and need no such block.
  GIT_ALLOC_LIMIT: '512m',
};

/** Starts every git of the control plane: confined to one repository, by the launcher. */
export class GitProcesses {
  readonly #sandbox: GitSandbox;
  readonly #launcher: GitLauncher;

  constructor({
    sandbox = NO_GIT_SANDBOX,
    launcher = DIRECT_LAUNCHER,
  }: Readonly<{ sandbox?: GitSandbox; launcher?: GitLauncher }> = {}) {
    this.#sandbox = sandbox;
    this.#launcher = launcher;
  }

  /** The folder of hooks that git may run. */
  get hooks(): string {
    return this.#sandbox.hooks;
  }

  /** Starts git with these arguments. Rejects when it cannot be started. */
  async start(
    access: GitAccess,
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ): Promise<GitChild> {
    await this.#sandbox.prepare(access.repository);
    const words = this.#sandbox.words(access);
    const end = this.#sandbox.begin();
    try {
      const child = await this.#launcher.start([...words, 'git', ...args], { ...GIT_ENVIRONMENT, ...env });
      void child.closed.then(end);
      return child;
    } catch (error) {
      end();
      throw error;
    }
  }

  /** Kills what still runs. */
  async close(): Promise<void> {
    await this.#launcher.close();
    await this.#sandbox.close();
  }
}
