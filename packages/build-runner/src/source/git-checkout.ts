import type { BranchName, CommitSha } from '@anchor/core/names/name.ts';
import { err, fail, ok, type Result } from '@anchor/core/result/result.ts';
import { fetchError, lastLinesOf } from './git-errors.ts';
import type { GitCall } from './git-settings.ts';
import type { Run } from './git-run.ts';

export type GitSource = Readonly<{
  /** `url`: an address as a user gave it; `directory`: the platform's own repository on this machine. */
  from: Readonly<{ kind: 'url'; url: string; credentials?: string }> | Readonly<{ kind: 'directory'; path: string }>;
  commit: CommitSha;
  /** Undefined for a submodule, whose commit may be on any. */
  branch?: BranchName;
  /** How much history: this many commits, 0 for all. */
  depth: number;
}>;

/** Commits to fetch when a server refuses to send a single one. */
const FALLBACK_DEPTH = 200;

/** Fetches the commit's objects into a new repository without checking out. Returns the warnings of git. */
export async function fetchCommit(
  run: Run,
  call: GitCall,
  kind: readonly string[],
  url: string,
  source: GitSource,
  host: string,
): Promise<Result<string>> {
  const { commit, branch, depth } = source;
  const format = commit.length === 64 ? ['--object-format=sha256'] : [];
  const init = await run(call, ['init', '--quiet', '--template=', ...kind, ...format, '.']);
  if (init.code !== 0)
    return fail(
      'internal',
      'git could not prepare the checkout',
      'Check that git 2.39 or newer is installed on this machine.',
      lastLinesOf(init.stderr),
    );
  // Of one commit nothing can be described or counted: without more history there is no use for tags.
  const tags = depth === 1 ? ['--no-tags'] : [];
  const fetch = (commits: number, ...refs: readonly string[]) =>
    run(call, [
      'fetch',
      '--quiet',
      ...(commits === 0 ? [] : [`--depth=${commits}`]),
      ...tags,
      '--no-recurse-submodules',
      '--no-auto-gc',
      '--',
      url,
      ...refs,
    ]);
  let fetched = await fetch(depth, `${commit}:${FETCHED_REF}`);
  if (
    fetched.code !== 0 &&
    /not our ref|unadvertised object|allow-(?:tip|reachable)|no such remote ref|remote error: want/i.test(
      fetched.stderr,
    )
  ) {
    fetched = await fetch(
      depth === 0 ? 0 : Math.max(FALLBACK_DEPTH, depth),
      branch === undefined ? `+refs/heads/*:${FETCHED_REF}/*` : `refs/heads/${branch}:${FETCHED_REF}`,
    );
  }
  return fetched.code === 0 ? ok(fetched.stderr) : err(fetchError(lastLinesOf(fetched.stderr), host, commit));
}

/** A reference of the platform, so that git fetches the tags that belong to the commit. */
const FETCHED_REF = 'refs/anchor/fetched';

export async function checkout(
  run: Run,
  call: GitCall,
  url: string,
  source: GitSource,
  host: string,
  say: (line: string) => void,
): Promise<Result<void>> {
  const { commit, branch } = source;
  const fetched = await fetchCommit(run, call, [], url, source, host);
  if (!fetched.ok) return fetched;
  reportFsckWarnings(fetched.value, say);
  // On its branch, for builds that read its name; some names of branches git takes for something else.
  let out =
    branch === undefined
      ? undefined
      : await run(call, ['checkout', '--quiet', '--force', '--no-track', '-B', branch, commit]);
  if (out === undefined || (out.code !== 0 && /not a valid branch name|ambiguous|cannot be resolved/i.test(out.stderr)))
    out = await run(call, ['checkout', '--quiet', '--force', '--detach', commit]);
  if (out.code !== 0) {
    if (/No space left/.test(out.stderr))
      return fail(
        'build_out_of_disk',
        'The checkout filled the build disk',
        'Raise the disk limit of builds, or keep large files out of the repository.',
      );
    if (
      /unable to read tree|reference is not a tree|did not match|unknown revision|bad object|not a commit/i.test(
        out.stderr,
      )
    )
      return fail(
        'source_unreachable',
        `Commit ${commit.slice(0, 12)} is not in the repository`,
        'It may have been replaced by a forced push: push again.',
        lastLinesOf(out.stderr),
      );
    return fail(
      'source_refused',
      'The commit could not be checked out',
      'Check out the commit in a fresh clone to reproduce the problem.',
      lastLinesOf(out.stderr),
    );
  }
  const head = await run(call, ['rev-parse', 'HEAD']);
  return head.stdout.trim() === commit
    ? ok(undefined)
    : fail(
        'internal',
        'The checkout is not the requested commit',
        'Run `anchor redeploy` to retry.',
        `HEAD is ${head.stdout.trim().slice(0, 64)}.`,
      );
}

/** Reports the faults of old histories that were accepted. */
function reportFsckWarnings(stderr: string, say: (line: string) => void): void {
  const counts = new Map<string, number>();
  for (const [, fault = ''] of stderr.matchAll(/^warning: (?:object )?[0-9a-f]{40,64}: (\w+):/gm))
    counts.set(fault, (counts.get(fault) ?? 0) + 1);
  if (counts.size === 0) return;
  say(
    `The history has objects that current git versions do not write: ${[...counts].map(([fault, count]) => `${fault} (${count})`).join(', ')}. They were accepted.`,
  );
}
