import { spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BranchName, CommitSha } from '@anchor/core/names/name.ts';
import type { Mount, SandboxHandle } from '@anchor/core/ports/sandbox.ts';
import { parseRepositoryUrl } from '@anchor/core/projects/repository-url.ts';
import { anchorError, err, fail, ok, type Result } from '@anchor/core/result/result.ts';
import { capture } from '../run/command.ts';
import { APP } from '../run/inside.ts';
import { stripColours } from '../run/output-tail.ts';
import type { WorkDisk } from '../run/work-disk.ts';
import { GIT_CONFIG_TEXT, gitCall, type GitCall } from './git-settings.ts';
import { reachOf } from './resolve-host.ts';

export type GitSource = Readonly<{
  /** `url`: an address as a person gave it; `directory`: the platform's own repository on this machine. */
  from: Readonly<{ kind: 'url'; url: string; credentials?: string }> | Readonly<{ kind: 'directory'; path: string }>;
  commit: CommitSha;
  branch: BranchName;
}>;

export type FetchContext = Readonly<{
  work: WorkDisk;
  allowHosts: readonly string[];
  trustStore?: string;
  /** Makes the sandbox of the fetch: the checkout is at /app, HOME at /home/build. */
  sandbox: (mounts: readonly Mount[], allow: readonly string[]) => Promise<Result<SandboxHandle>>;
  /** PATH and HOME for the one case that runs beside the sandbox, see below. */
  machine: Readonly<{ path: string; temporary: string }>;
  signal: AbortSignal;
}>;

type Run = (call: GitCall, args: readonly string[]) => Promise<Readonly<{ code: number | null; stdout: string; stderr: string }>>;
const MAX_OUTPUT = 1 << 20;
/** History that is searched when a server gives single commits to nobody. */
const DEEP = 200;

/**
 * Brings exactly one commit into the empty checkout: no history, tags, submodules, hooks or LFS objects. Runs as the
 * project's user in a sandbox; only from a git host on this machine's own loopback, allowed by the operator, the objects
 * are fetched beside it (no rule leads out of a network namespace), with the same git settings.
 */
export async function fetchGit(source: GitSource, context: FetchContext): Promise<Result<void>> {
  const { work } = context;
  const config = join(work.home, '.anchor-gitconfig');
  await writeFile(config, GIT_CONFIG_TEXT, { mode: 0o644 });
  if (source.from.kind === 'directory') {
    const call = localCall();
    return inSandbox([{ kind: 'read', from: source.from.path, to: REPOSITORY }], [], (run) => checkout(run, call, `file://${REPOSITORY}`, source, 'this platform'));
  }
  const parsed = parseRepositoryUrl(source.from.url, { allowHosts: context.allowHosts });
  if (!parsed.ok) return parsed;
  const { url, host } = parsed.value;
  const credentials = source.from.credentials ?? parsed.value.credentials;
  const reach = await reachOf(host, context.allowHosts);
  if (!reach.ok) return reach;
  const settings = { local: false, url, ...(credentials === undefined ? {} : { credentials }), ...(context.trustStore === undefined ? {} : { trustStore: context.trustStore }) };
  if (reach.value.via === 'sandbox') {
    const call = gitCall({ home: '/home/build', config: '/home/build/.anchor-gitconfig', path: '/usr/local/bin:/usr/bin:/bin', ...settings });
    return inSandbox([], reach.value.allow, (run) => checkout(run, call, url, source, host));
  }
  // On this machine's loopback: fetched into a bare repository beside the sandbox, checked out from there inside one.
  await mkdir(context.machine.temporary, { recursive: true });
  const bare = await mkdtemp(join(context.machine.temporary, 'fetch-'));
  try {
    const call = gitCall({ home: bare, config, path: context.machine.path, ...settings, addresses: reach.value.addresses });
    const fetched = await fetchCommit((each, args) => onMachine(each, args, bare, context.signal), call, ['--bare'], url, source, host);
    if (!fetched.ok) return fetched;
    await chmod(bare, 0o755);
    const inside = localCall();
    return await inSandbox([{ kind: 'read', from: bare, to: REPOSITORY }], [], (run) => checkout(run, inside, `file://${REPOSITORY}`, source, host));
  } finally {
    await rm(bare, { recursive: true, force: true });
  }

  async function inSandbox(mounts: readonly Mount[], allow: readonly string[], use: (run: Run) => Promise<Result<void>>): Promise<Result<void>> {
    const sandbox = await context.sandbox(mounts, allow);
    if (!sandbox.ok) return sandbox;
    const stop = () => void sandbox.value.destroy();
    context.signal.addEventListener('abort', stop, { once: true });
    try {
      return await use(async (call, args) => {
        const { exit, stdout, stderr } = await capture(sandbox.value, { argv: call.argv(...args), env: call.env, cwd: APP }, MAX_OUTPUT);
        return { code: exit.code, stdout, stderr };
      });
    } finally {
      context.signal.removeEventListener('abort', stop);
      await sandbox.value.destroy();
    }
  }
}

const REPOSITORY = '/repository.git';
const localCall = (): GitCall => gitCall({ home: '/home/build', config: '/home/build/.anchor-gitconfig', path: '/usr/local/bin:/usr/bin:/bin', local: true, url: `file://${REPOSITORY}` });

function onMachine(call: GitCall, args: readonly string[], cwd: string, signal: AbortSignal): ReturnType<Run> {
  const [program = 'git', ...argv] = call.argv(...args);
  return new Promise((resolve) => {
    const child = spawn(program, argv, { cwd, env: call.env, stdio: ['ignore', 'pipe', 'pipe'], signal });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk: Buffer) => { stdout = (stdout + chunk.toString()).slice(-MAX_OUTPUT); });
    child.stderr.on('data', (chunk: Buffer) => { stderr = (stderr + chunk.toString()).slice(-MAX_OUTPUT); });
    child.on('error', (error) => resolve({ code: null, stdout, stderr: error.message }));
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

/** Brings the commit's objects into a new repository, and nothing into its work tree. */
async function fetchCommit(run: Run, call: GitCall, kind: readonly string[], url: string, source: GitSource, host: string): Promise<Result<void>> {
  const { commit, branch } = source;
  const format = commit.length === 64 ? ['--object-format=sha256'] : [];
  const init = await run(call, ['init', '--quiet', '--template=', ...kind, ...format, '.']);
  if (init.code !== 0) return fail('internal', 'git could not prepare the checkout', 'Check that git 2.39 or newer is installed on this machine.', said(init.stderr));
  const fetch = (depth: number, ref: string) => run(call, ['fetch', '--quiet', `--depth=${depth}`, '--no-tags', '--no-recurse-submodules', '--no-auto-gc', '--', url, ref]);
  let fetched = await fetch(1, commit);
  if (fetched.code !== 0 && /not our ref|unadvertised object|allow-(?:tip|reachable)|no such remote ref|remote error: want/i.test(fetched.stderr)) fetched = await fetch(DEEP, `refs/heads/${branch}`);
  return fetched.code === 0 ? ok(undefined) : err(fetchError(said(fetched.stderr), host, commit));
}

async function checkout(run: Run, call: GitCall, url: string, source: GitSource, host: string): Promise<Result<void>> {
  const { commit } = source;
  const fetched = await fetchCommit(run, call, [], url, source, host);
  if (!fetched.ok) return fetched;
  const out = await run(call, ['checkout', '--quiet', '--force', '--detach', commit]);
  if (out.code !== 0) {
    if (/No space left/.test(out.stderr)) return fail('build_out_of_disk', 'The checkout filled the build disk', 'Raise the disk limit of builds, or keep large files out of the repository.');
    if (/unable to read tree|reference is not a tree|did not match|unknown revision|bad object/i.test(out.stderr)) return fail('source_unreachable', `Commit ${commit.slice(0, 12)} is not in the repository`, 'It may have been replaced by a forced push: push again.', said(out.stderr));
    return fail('source_refused', 'The commit could not be checked out', 'Check out the commit locally with a fresh clone to see what is wrong.', said(out.stderr));
  }
  const head = await run(call, ['rev-parse', 'HEAD']);
  return head.stdout.trim() === commit ? ok(undefined) : fail('internal', 'The checkout is not the commit that was asked for', 'Try again.', `HEAD is ${head.stdout.trim().slice(0, 64)}.`);
}

function fetchError(message: string, host: string, commit: string) {
  const is = (pattern: RegExp) => pattern.test(message);
  if (is(/Authentication failed|could not read Username|HTTP 40[13]|returned error: 40[13]|Permission denied|terminal prompts disabled/i)) {
    return anchorError('source_unreachable', `${host} did not let us read the repository`, 'For a private repository set credentials of the project (a token that can read it).', message);
  }
  if (is(/returned error: 30\d|unable to update url base from redirection/i)) {
    return anchorError('source_unreachable', `${host} sends us to another address for the repository`, 'Set the repository address to where it is now: with credentials no redirect is followed, so that nobody else gets them.', message);
  }
  if (is(/returned error: 404|Repository not found|not found/i)) return anchorError('source_unreachable', `${host} has no such repository`, 'Check the repository address; private repositories also answer "not found" without credentials.', message);
  if (is(/not our ref|unadvertised|couldn't find remote ref/i)) return anchorError('source_unreachable', `Commit ${commit.slice(0, 12)} is not in the repository`, 'It may have been replaced by a forced push: push again.', message);
  if (is(/No space left/)) return anchorError('build_out_of_disk', 'The checkout filled the build disk', 'Raise the disk limit of builds, or keep large files out of the repository.', message);
  if (is(/transport .* not allowed|unable to find remote helper/i)) return anchorError('source_refused', 'The repository address uses a transport that is not allowed', 'Give an https://, http:// or ssh:// address.', message);
  return anchorError('source_unreachable', `The repository could not be fetched from ${host}`, 'Check the address and that this machine reaches the host, then try again.', message);
}

const said = (stderr: string): string => stripColours(stderr).trim().split('\n').filter((line) => line.trim() !== '').slice(-4).join('\n').slice(0, 1200);
