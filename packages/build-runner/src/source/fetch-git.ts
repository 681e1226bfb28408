import { createHash } from 'node:crypto';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BranchName, CommitSha } from '@anchor/core/names/name.ts';
import type { Mount, SandboxHandle } from '@anchor/core/ports/sandbox.ts';
import { parseRepositoryUrl } from '@anchor/core/projects/repository-url.ts';
import { err, fail, ok, type Result } from '@anchor/core/result/result.ts';
import { SANDBOX_PATHS } from '@anchor/protocol/sandbox-paths.ts';
import { capture } from '../session/command.ts';
import type { WorkDisk } from '../disk/work-disk.ts';
import { runBounded } from './bounded-git.ts';
import { fetchError, lastLinesOf } from './git-errors.ts';
import { GIT_CONFIG_TEXT, gitCall, type GitCall } from './git-settings.ts';
import { listTree, type Listing } from './listing.ts';
import { resolveAllowedHost } from './ssrf-guard.ts';
import { IN_SANDBOX, writeDeployKey, type WrittenKey } from './ssh-identity.ts';

export type GitSource = Readonly<{
  /** `url`: an address as a user gave it; `directory`: the platform's own repository on this machine. */
  from: Readonly<{ kind: 'url'; url: string; credentials?: string }> | Readonly<{ kind: 'directory'; path: string }>;
  commit: CommitSha;
  /** Undefined for a submodule, whose commit may be on any. */
  branch?: BranchName;
  /** How much history: this many commits, 0 for all. */
  depth: number;
}>;

export type FetchContext = Readonly<{
  work: WorkDisk;
  allowHosts: readonly string[];
  /** Private networks that builds may reach. */
  allowNetworks: readonly string[];
  trustStore?: string;
  /** Writes to the build's log. */
  say: (line: string) => void;
  /** Creates the sandbox of the fetch: the checkout is at /app, HOME at /home/build. */
  sandbox: (mounts: readonly Mount[], allow: readonly string[]) => Promise<Result<SandboxHandle>>;
  /** PATH and HOME for the one case that runs beside the sandbox, see below. */
  machine: Readonly<{ path: string; temporary: string }>;
  signal: AbortSignal;
}>;

export type Run = (
  call: GitCall,
  args: readonly string[],
) => Promise<Readonly<{ code: number | null; stdout: string; stderr: string }>>;
const MAX_OUTPUT = 1 << 20;
/** Commits to fetch when a server refuses to send a single one. */
const FALLBACK_DEPTH = 200;

/**
 * Fetches one commit into a folder of the checkout, with the requested depth of history: no hooks, submodules or Git
 * LFS files, which the returned listing names. Runs as the project's user in a sandbox. A git host on this machine's
 * own loopback, allowed by the operator, is the exception: no rule leads out of a network namespace, so the objects are
 * fetched beside the sandbox, with the same git settings.
 */
export async function fetchGit(source: GitSource, context: FetchContext, folder = ''): Promise<Result<Listing>> {
  await writeFile(join(context.work.home, CONFIG_FILE), GIT_CONFIG_TEXT, { mode: 0o644 });
  const fetch = new GitFetch(source, context, folder);
  return source.from.kind === 'directory'
    ? fetch.fromDirectory(source.from.path)
    : fetch.fromUrl(source.from.url, source.from.credentials);
}

const CONFIG_FILE = '.anchor-gitconfig';

/** A repository on a git host, and what identifies this platform to it. */
type Remote = Readonly<{
  url: string;
  host: string;
  credentials: string | undefined;
  /** Directory of the host keys that were seen before. */
  hostKeys: string;
  key: WrittenKey | undefined;
}>;

class GitFetch {
  readonly #source: GitSource;
  readonly #context: FetchContext;
  readonly #folder: string;

  constructor(source: GitSource, context: FetchContext, folder: string) {
    this.#source = source;
    this.#context = context;
    this.#folder = folder;
  }

  fromDirectory(path: string, host = 'this platform'): Promise<Result<Listing>> {
    return this.#checkOut(sandboxGitCall(), `file://${REPOSITORY}`, host, [
      { kind: 'read', from: path, to: REPOSITORY },
    ]);
  }

  async fromUrl(address: string, given: string | undefined): Promise<Result<Listing>> {
    const { work, allowHosts, machine } = this.#context;
    const parsed = parseRepositoryUrl(address, { allowHosts });
    if (!parsed.ok) return parsed;
    const { url, host, transport } = parsed.value;
    const credentials = given ?? parsed.value.credentials;
    const reach = await resolveAllowedHost(host, allowHosts);
    if (!reach.ok) return reach;
    await mkdir(machine.temporary, { recursive: true });
    const hostKeys = await hostKeysDirectory(work, credentials);
    const owner = reach.value.via === 'sandbox' ? work.owner : undefined;
    const key = transport === 'ssh' ? await writeDeployKey(credentials, machine.temporary, owner) : undefined;
    const remote = { url, host, credentials, hostKeys, key };
    try {
      return reach.value.via === 'sandbox'
        ? await this.#insideSandbox(remote, reach.value.allow)
        : await this.#besideSandbox(remote, reach.value.addresses);
    } finally {
      await key?.remove();
    }
  }

  #insideSandbox(remote: Remote, allow: readonly string[]): Promise<Result<Listing>> {
    const { url, host, hostKeys, key } = remote;
    const call = gitCall({
      home: '/home/build',
      config: `/home/build/${CONFIG_FILE}`,
      path: '/usr/local/bin:/usr/bin:/bin',
      ssh: { knownHosts: IN_SANDBOX.knownHosts, ...(key === undefined ? {} : { key: IN_SANDBOX.key }) },
      ...this.#settingsFor(remote),
    });
    const mounts: readonly Mount[] = [
      { kind: 'write', from: hostKeys, to: IN_SANDBOX.hostsDirectory },
      ...(key === undefined ? [] : [{ kind: 'read', from: key.directory, to: IN_SANDBOX.keyDirectory } as const]),
    ];
    return this.#checkOut(call, url, host, mounts, allow);
  }

  /**
   * On this machine's loopback: fetched into a bare repository beside the sandbox, checked out from there inside one.
   */
  async #besideSandbox(remote: Remote, addresses: readonly string[]): Promise<Result<Listing>> {
    const { url, host, hostKeys, key } = remote;
    const { work, machine, signal } = this.#context;
    const bare = await mkdtemp(join(machine.temporary, 'fetch-'));
    try {
      const call = gitCall({
        home: bare,
        config: join(work.home, CONFIG_FILE),
        path: machine.path,
        ssh: { knownHosts: join(hostKeys, 'known_hosts'), ...(key === undefined ? {} : { key: key.path }) },
        ...this.#settingsFor(remote),
        addresses,
      });
      const run: Run = (each, args) => runOnHost(each, args, bare, signal);
      const fetched = await fetchCommit(run, call, ['--bare'], url, this.#source, host);
      if (!fetched.ok) return fetched;
      await chmod(bare, 0o755);
      return await this.fromDirectory(bare, host);
    } finally {
      await rm(bare, { recursive: true, force: true });
    }
  }

  #settingsFor({ url, credentials }: Remote) {
    const { trustStore } = this.#context;
    return {
      local: false,
      url,
      ...(credentials === undefined ? {} : { credentials }),
      ...(trustStore === undefined ? {} : { trustStore }),
    };
  }

  #checkOut(
    call: GitCall,
    url: string,
    host: string,
    mounts: readonly Mount[],
    allow: readonly string[] = [],
  ): Promise<Result<Listing>> {
    return runInSandbox(this.#context, this.#folder, mounts, allow, async (run, sandbox) => {
      const out = await checkout(run, call, url, this.#source, host, this.#context.say);
      return out.ok ? listTree(sandbox, call, this.#folder) : out;
    });
  }
}

/**
 * Host keys are stored for the project's next fetch where no build of it can reach them; a new deploy key resets them.
 */
async function hostKeysDirectory(work: WorkDisk, credentials = ''): Promise<string> {
  const name = createHash('sha256').update(credentials).digest('hex').slice(0, 32);
  const parent = join(work.disk.path, 'git-hosts');
  const directory = join(parent, name);
  for (const path of [parent, directory]) await work.directory(path);
  return directory;
}

/** Runs commands of git in one sandbox, in a folder of the checkout. */
export async function runInSandbox<T>(
  context: FetchContext,
  folder: string,
  mounts: readonly Mount[],
  allow: readonly string[],
  use: (run: Run, sandbox: SandboxHandle) => Promise<Result<T>>,
): Promise<Result<T>> {
  const sandbox = await context.sandbox(mounts, allow);
  if (!sandbox.ok) return sandbox;
  const stop = () => void sandbox.value.destroy();
  context.signal.addEventListener('abort', stop, { once: true });
  const cwd = folder === '' ? SANDBOX_PATHS.app : `${SANDBOX_PATHS.app}/${folder}`;
  try {
    const run: Run = async (call, args) => {
      const { exit, stdout, stderr } = await capture(
        sandbox.value,
        { argv: call.argv(...args), env: call.env, cwd },
        MAX_OUTPUT,
      );
      return { code: exit.code, stdout, stderr };
    };
    return await use(run, sandbox.value);
  } finally {
    context.signal.removeEventListener('abort', stop);
    await sandbox.value.destroy();
  }
}

const REPOSITORY = '/repository.git';
export const sandboxGitCall = (): GitCall =>
  gitCall({
    home: '/home/build',
    config: '/home/build/.anchor-gitconfig',
    path: '/usr/local/bin:/usr/bin:/bin',
    local: true,
    url: `file://${REPOSITORY}`,
  });

/** Of one git beside the sandbox. */
const GIT_MEMORY_MB = 1_024;

const runOnHost = (call: GitCall, args: readonly string[], cwd: string, signal: AbortSignal): ReturnType<Run> =>
  runBounded({ argv: call.argv(...args), env: call.env, cwd, memoryMb: GIT_MEMORY_MB, maxBytes: MAX_OUTPUT, signal });

/** Fetches the commit's objects into a new repository without checking out. Returns the warnings of git. */
async function fetchCommit(
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

async function checkout(
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
