import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseCommitSha, type CommitSha } from '@anchor/core/names/name.ts';
import type { HeadRef } from '@anchor/core/ports/branch-heads.ts';
import type { GitProvider } from '@anchor/core/projects/project.ts';
import { parseRepositoryUrl } from '@anchor/core/projects/repository-url.ts';
import { fail, type Result } from '@anchor/core/result/result.ts';
import { runBounded, type BoundedResult } from './bounded-git.ts';
import { GIT_CONFIG_TEXT, gitCall } from './git-settings.ts';
import { resolveAllowedHost } from './ssrf-guard.ts';
import { writeDeployKey } from './ssh-identity.ts';

export type RemoteHeadOptions = Readonly<{
  url: string;
  ref: HeadRef;
  /** Decides the names of a pull request's refs. */
  provider: GitProvider;
  withinMs: number;
  credentials?: string;
  allowHosts: readonly string[];
  trustStore?: string;
  path: string;
  /** How the host's name is resolved; by default as the machine does. */
  resolve?: (host: string) => Promise<readonly string[]>;
}>;

/** An unprivileged user for the one git that speaks with a remote host outside of a sandbox; it only lists names. */
const UNPRIVILEGED_ID = 65_534;

/** Returns the full name of a ref; undefined where the git host has none for pull requests. */
function nameOf(ref: HeadRef, provider: GitProvider): string | undefined {
  if (ref.kind === 'branch') return `refs/heads/${ref.branch}`;
  if (provider === 'gitlab') return `refs/merge-requests/${ref.number}/head`;
  return provider === 'generic' ? undefined : `refs/pull/${ref.number}/head`;
}

/** Looks up the newest commit of a branch or pull request of a repository elsewhere. */
export async function remoteHead(options: RemoteHeadOptions): Promise<Result<CommitSha>> {
  const name = nameOf(options.ref, options.provider);
  if (name === undefined)
    return fail(
      'unsupported',
      'This git host has no refs for pull requests',
      'Name the kind of git host: anchor projects update --provider gitea (or github, gitlab).',
    );
  const parsed = parseRepositoryUrl(options.url, { allowHosts: options.allowHosts });
  if (!parsed.ok) return parsed;
  const reach = await resolveAllowedHost(parsed.value.host, options.allowHosts, options.resolve);
  if (!reach.ok) return reach;
  const home = await mkdtemp(join(tmpdir(), 'anchor-head-'));
  try {
    await chmod(home, 0o755);
    const config = join(home, 'gitconfig');
    await writeFile(config, GIT_CONFIG_TEXT, { mode: 0o644 });
    const drop = process.getuid?.() === 0 ? { uid: UNPRIVILEGED_ID, gid: UNPRIVILEGED_ID } : undefined;
    const key = parsed.value.transport === 'ssh' ? await writeDeployKey(options.credentials, home, drop) : undefined;
    const call = gitCall({
      home,
      ssh: { knownHosts: join(home, 'known_hosts'), ...(key === undefined ? {} : { key: key.path }) },
      config,
      path: options.path,
      local: false,
      direct: true,
      url: parsed.value.url,
      addresses: reach.value.addresses,
      ...(options.credentials === undefined ? {} : { credentials: options.credentials }),
      ...(options.trustStore === undefined ? {} : { trustStore: options.trustStore }),
    });
    const result = await listRemote(call.env, home, parsed.value.url, name, options.withinMs);
    if (result.code !== 0)
      return fail(
        'source_unreachable',
        `${parsed.value.host} did not list its branches`,
        'Check the repository address, its credentials, and that this machine reaches the host.',
        result.stderr.trim().split('\n').at(-1)?.slice(0, 300),
      );
    // git also names references that only end like it: a branch may be called refs/heads/main.
    const sha = result.stdout
      .split('\n')
      .find((line) => line.endsWith(`\t${name}`))
      ?.split('\t')[0];
    if (sha === undefined)
      return fail(
        'not_found',
        options.ref.kind === 'branch'
          ? `The repository has no branch ${options.ref.branch}`
          : `The repository has no pull request ${options.ref.number}`,
        'Push the branch first, or name another one.',
      );
    return parseCommitSha(sha);
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

/** A list of references has 100 bytes each. */
const MEMORY_MB = 256;

function listRemote(
  env: Readonly<Record<string, string>>,
  cwd: string,
  url: string,
  ref: string,
  timeoutMs: number,
): Promise<BoundedResult> {
  const drop = process.getuid?.() === 0 ? { user: UNPRIVILEGED_ID } : {};
  return runBounded({
    argv: ['git', 'ls-remote', '--quiet', '--', url, ref],
    env,
    cwd,
    memoryMb: MEMORY_MB,
    maxBytes: 1 << 20,
    timeoutMs,
    ...drop,
  });
}
