import { execFile } from 'node:child_process';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseCommitSha, type BranchName, type CommitSha } from '@anchor/core/names/name.ts';
import { parseRepositoryUrl } from '@anchor/core/projects/repository-url.ts';
import { fail, type Result } from '@anchor/core/result/result.ts';
import { GIT_CONFIG_TEXT, gitCall } from './git-settings.ts';
import { reachOf } from './resolve-host.ts';

export type RemoteHeadOptions = Readonly<{ url: string; branch: BranchName; credentials?: string; allowHosts: readonly string[]; trustStore?: string; path: string; /** How the host's name is resolved; by default as the machine does. */ resolve?: (host: string) => Promise<readonly string[]> }>;

/** An unprivileged user for the one git that speaks with a remote host outside of a sandbox; it only lists names. */
const NOBODY = 65_534;
const TIMEOUT_MS = 20_000;

/** The newest commit of a branch of a repository elsewhere, for deploys that name a branch only. */
export async function remoteHead(options: RemoteHeadOptions): Promise<Result<CommitSha>> {
  const parsed = parseRepositoryUrl(options.url, { allowHosts: options.allowHosts });
  if (!parsed.ok) return parsed;
  const reach = await reachOf(parsed.value.host, options.allowHosts, options.resolve);
  if (!reach.ok) return reach;
  const home = await mkdtemp(join(tmpdir(), 'anchor-head-'));
  try {
    await chmod(home, 0o755);
    const config = join(home, 'gitconfig');
    await writeFile(config, GIT_CONFIG_TEXT, { mode: 0o644 });
    const call = gitCall({ home, config, path: options.path, local: false, direct: true, url: parsed.value.url, addresses: reach.value.addresses, ...(options.credentials === undefined ? {} : { credentials: options.credentials }), ...(options.trustStore === undefined ? {} : { trustStore: options.trustStore }) });
    const answer = await ask(call.env, home, parsed.value.url, options.branch);
    if (answer.code !== 0) return fail('source_unreachable', `${parsed.value.host} did not tell its branches`, 'Check the repository address, its credentials, and that this machine reaches the host.', answer.stderr.trim().split('\n').at(-1)?.slice(0, 300));
    const sha = answer.stdout.split('\t')[0] ?? '';
    if (sha === '') return fail('not_found', `The repository has no branch ${options.branch}`, 'Push the branch first, or name another one.');
    return parseCommitSha(sha);
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

function ask(env: Readonly<Record<string, string>>, cwd: string, url: string, branch: BranchName): Promise<Readonly<{ code: number; stdout: string; stderr: string }>> {
  const drop = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
  return new Promise((resolve) => {
    execFile('git', ['ls-remote', '--quiet', '--', url, `refs/heads/${branch}`], { env, cwd, timeout: TIMEOUT_MS, maxBuffer: 1 << 20, ...drop }, (error, stdout, stderr) => resolve({ code: error === null ? 0 : 1, stdout, stderr: stderr === '' && error !== null ? error.message : stderr }));
  });
}
