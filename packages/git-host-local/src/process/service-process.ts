import { access, constants } from 'node:fs/promises';
import { join } from 'node:path';
import type { ProjectId } from '@anchor/core/names/id.ts';
import { TOLERATED_FAULTS } from '@anchor/core/projects/git-checks.ts';
import { endGit, type GitChild } from '../launcher/git-child.ts';
import type { HostedGit } from './hosted-git.ts';

export type Service = 'git-receive-pack' | 'git-upload-pack';

/**
 * Returns whether git will run the hook: it skips one that is not executable, such as after a copy, without an error.
 */
export const hookIsExecutable = ({ processes }: HostedGit): Promise<boolean> =>
  access(join(processes.hooks, 'pre-receive'), constants.X_OK).then(
    () => true,
    () => false,
  );
/** Memory and time of packing, whatever the machine has. */
const BOUNDED: readonly string[] = [
  'core.bigFileThreshold=64m',
  'core.packedGitWindowSize=32m',
  'core.packedGitLimit=256m',
  'core.deltaBaseCacheLimit=32m',
  'pack.threads=1',
  'pack.windowMemory=64m',
  'pack.deltaCacheSize=32m',
  'gc.auto=0',
  'receive.autogc=false',
];

/**
 * Returns git's configuration: branches and tags are all that can be pushed or seen; every object is checked; pushes
 * may rewrite and delete branches.
 */
const configuration = (maxBytes: number, hooks: string): readonly string[] => [
  'safe.directory=*',
  `core.hooksPath=${hooks}`,
  'core.fsmonitor=false',
  'core.fsync=committed,reference',
  ...BOUNDED,
  'transfer.hideRefs=refs',
  'transfer.hideRefs=!refs/heads',
  'transfer.hideRefs=!refs/tags',
  'receive.fsckObjects=true',
  ...TOLERATED_FAULTS.map((fault) => `receive.fsck.${fault}=warn`),
  'receive.denyNonFastForwards=false',
  'receive.denyDeletes=false',
  'receive.denyCurrentBranch=ignore',
  'receive.denyDeleteCurrent=ignore',
  'receive.advertisePushOptions=false',
  `receive.maxInputSize=${maxBytes}`,
];

/** Returns a `Git-Protocol` header as git's own clients send it; anything else counts as absent. */
export const protocolOf = (header: string | undefined): string | undefined =>
  header !== undefined && /^version=[012]$/.test(header) ? header : undefined;

export type ServiceCall = Readonly<{
  service: Service;
  /** Where the repository is, and what bounds its git. */
  git: HostedGit;
  project: ProjectId;
  advertise: boolean;
  protocol?: string;
  maxBytes: number;
  timeoutMs: number;
}>;

/** Starts a git service for one request, with a time limit. */
export async function startService({
  service,
  git,
  project,
  advertise,
  protocol,
  maxBytes,
  timeoutMs,
}: ServiceCall): Promise<GitChild> {
  const repository = git.repositoryPath(project);
  const write = service === 'git-receive-pack' && !advertise;
  const { hooks } = git.processes;
  const settings = configuration(maxBytes, write ? hooks : '/dev/null').flatMap((setting) => ['-c', setting]);
  const args = [
    ...settings,
    service.slice('git-'.length),
    '--stateless-rpc',
    ...(advertise ? ['--advertise-refs'] : []),
    repository,
  ];
  // Pushing has no protocol 2: clients know that, and others get the only protocol there is.
  const version = service === 'git-receive-pack' && protocol === 'version=2' ? undefined : protocol;
  const env = { ...(write ? limitsOf(git) : {}), ...(version === undefined ? {} : { GIT_PROTOCOL: version }) };
  const child = await git.processes.start({ repository, write, read: write ? [hooks] : [] }, args, env);
  const timer = setTimeout(() => (write ? endGit(child) : child.signal('SIGKILL')), timeoutMs);
  timer.unref();
  void child.closed.then(() => clearTimeout(timer));
  return child;
}

/** For the hook. */
const limitsOf = ({ repositoryMb }: HostedGit): Readonly<Record<string, string>> => ({
  ANCHOR_MAX_REPOSITORY_KB: String(repositoryMb * 1024),
});

/** Resolves with git's exit code and the first 4 KB of its standard error. */
export async function serviceExit(git: GitChild): Promise<Readonly<{ code: number | null; stderr: string }>> {
  let text = '';
  git.stderr.on('data', (chunk: Buffer) => {
    if (text.length < 4_096) text += chunk.toString('utf8');
  });
  const { code, error } = await git.closed;
  return { code, stderr: error ?? text };
}
