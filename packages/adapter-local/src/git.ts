import { execFile } from 'node:child_process';

/** No configuration but the repository's own, no hooks, no prompts, no replaced objects, no transport that runs a program. */
export const GIT_ENVIRONMENT: Readonly<Record<string, string>> = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  LC_ALL: 'C',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_ATTR_NOSYSTEM: '1',
  GIT_TERMINAL_PROMPT: '0',
  GIT_NO_REPLACE_OBJECTS: '1',
  GIT_OPTIONAL_LOCKS: '0',
};
export const GIT_OPTIONS: readonly string[] = ['-c', 'core.hooksPath=/dev/null', '-c', 'core.fsmonitor=false', '-c', 'protocol.ext.allow=never'];

export type GitAnswer = Readonly<{ code: number; stdout: string; stderr: string }>;

/** Runs git with an argument vector; answers its exit code, and rejects only when git can not be started or says more than 64 MiB. */
export function git(args: readonly string[]): Promise<GitAnswer> {
  return new Promise((resolve, reject) => {
    execFile('git', [...GIT_OPTIONS, ...args], { env: GIT_ENVIRONMENT, cwd: '/', maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : error.code;
      if (typeof code === 'number') resolve({ code, stdout, stderr });
      else reject(new Error(`git ${args[0] ?? ''} did not run: ${String(error)}`, { cause: error }));
    });
  });
}
