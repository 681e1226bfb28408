import { execFile } from 'node:child_process';

export type GitAnswer = Readonly<{ ok: boolean; stdout: string; stderr: string }>;

/** Runs git in a folder, by an argument vector, without asking anybody anything. */
export const git = (directory: string, args: readonly string[]): Promise<GitAnswer> =>
  new Promise((resolve) => {
    execFile('git', ['-C', directory, ...args], { maxBuffer: 16 * 1024 * 1024 }, (error, stdout, stderr) => resolve({ ok: error === null, stdout: stdout.trimEnd(), stderr: stderr.trim() }));
  });

export const isWorkTree = async (directory: string): Promise<boolean> => (await git(directory, ['rev-parse', '--is-inside-work-tree'])).stdout === 'true';

/** The commit, branch and message that a folder stands on; what is not known is absent. */
export async function headOf(directory: string): Promise<Readonly<{ commit?: string; branch?: string; message?: string }>> {
  const [commit, branch, message] = await Promise.all([
    git(directory, ['rev-parse', '--verify', '--quiet', 'HEAD']), git(directory, ['symbolic-ref', '--quiet', '--short', 'HEAD']), git(directory, ['log', '-1', '--format=%s']),
  ]);
  const known = (answer: GitAnswer): string | undefined => (answer.ok && answer.stdout !== '' ? answer.stdout : undefined);
  const found = { commit: known(commit), branch: known(branch), message: known(message)?.slice(0, 1024) };
  return Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined));
}

/** Text as one word of a POSIX shell: git runs credential helpers through one. */
export const shellWord = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/**
 * Adds the remote `anchor`, or points it elsewhere, and lets git ask this program for the token, for that address only
 * and before any other helper, so that no other helper is told the token.
 */
export async function addRemote(directory: string, url: string, helper: readonly string[]): Promise<GitAnswer> {
  const origin = new URL(url).origin;
  const exists = (await git(directory, ['remote', 'get-url', 'anchor'])).ok;
  const remote = await git(directory, exists ? ['remote', 'set-url', 'anchor', url] : ['remote', 'add', 'anchor', url]);
  if (!remote.ok) return remote;
  const key = `credential.${origin}.helper`;
  await git(directory, ['config', '--local', '--replace-all', key, '']);
  return git(directory, ['config', '--local', '--add', key, `!${helper.map(shellWord).join(' ')} git-credential`]);
}
