import { execFile } from 'node:child_process';

export type GitResult = Readonly<{ ok: boolean; stdout: string; stderr: string }>;

/** Runs git in a folder, by an argument vector, without prompts. */
export const git = (directory: string, args: readonly string[]): Promise<GitResult> =>
  new Promise((resolve) => {
    execFile('git', ['-C', directory, ...args], { maxBuffer: 16 * 1024 * 1024 }, (error, stdout, stderr) =>
      resolve({ ok: error === null, stdout: stdout.trimEnd(), stderr: stderr.trim() }),
    );
  });

export const isWorkTree = async (directory: string): Promise<boolean> =>
  (await git(directory, ['rev-parse', '--is-inside-work-tree'])).stdout === 'true';

/** Returns the checked-out commit, branch and message of a folder; unknown ones are absent. */
export async function headOf(
  directory: string,
): Promise<Readonly<{ commit?: string; branch?: string; message?: string }>> {
  const [commit, branch, message] = await Promise.all([
    git(directory, ['rev-parse', '--verify', '--quiet', 'HEAD']),
    git(directory, ['symbolic-ref', '--quiet', '--short', 'HEAD']),
    git(directory, ['log', '-1', '--format=%s']),
  ]);
  const known = (result: GitResult): string | undefined =>
    result.ok && result.stdout !== '' ? result.stdout : undefined;
  const found = { commit: known(commit), branch: known(branch), message: known(message)?.slice(0, 1024) };
  return Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined));
}

/**
 * Returns the branch that a folder's production is most probably on: the default one of its remote, or the one that is
 * checked out.
 */
export async function productionOf(directory: string): Promise<string | undefined> {
  if (!(await isWorkTree(directory))) return undefined;
  const remote = await git(directory, ['symbolic-ref', '--quiet', '--short', 'refs/remotes/origin/HEAD']);
  if (remote.ok && remote.stdout.startsWith('origin/')) return remote.stdout.slice('origin/'.length);
  // Also of a repository without a commit.
  const own = await git(directory, ['symbolic-ref', '--quiet', '--short', 'HEAD']);
  return own.ok && own.stdout !== '' ? own.stdout : undefined;
}

/**
 * Returns the full id of what names a commit in the folder; undefined when nothing or more than one thing has the name.
 */
export async function commitNamed(directory: string, name: string): Promise<string | undefined> {
  if (!(await isWorkTree(directory))) return undefined;
  const found = await git(directory, ['rev-parse', '--verify', '--quiet', '--end-of-options', `${name}^{commit}`]);
  return found.ok && /^[0-9a-f]{40,64}$/.test(found.stdout) ? found.stdout : undefined;
}

/** Quotes text as one word of a POSIX shell: git runs credential helpers through one. */
export const shellWord = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/**
 * Adds the remote `anchor`, or changes its address, and makes git get the token from this program, for that address
 * only and before any other helper, so that no other helper receives the token.
 */
export async function addRemote(directory: string, url: string, helper: readonly string[]): Promise<GitResult> {
  const origin = new URL(url).origin;
  const exists = (await git(directory, ['remote', 'get-url', 'anchor'])).ok;
  const remote = await git(directory, exists ? ['remote', 'set-url', 'anchor', url] : ['remote', 'add', 'anchor', url]);
  if (!remote.ok) return remote;
  const key = `credential.${origin}.helper`;
  await git(directory, ['config', '--local', '--replace-all', key, '']);
  return git(directory, ['config', '--local', '--add', key, `!${helper.map(shellWord).join(' ')} git-credential`]);
}
