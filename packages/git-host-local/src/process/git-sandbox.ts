import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openCgroups } from '@anchor/sandbox-linux/cgroups.ts';
import type { ResidentCgroup } from '@anchor/sandbox-linux/cgroup.ts';
import { ownerOf, instanceOf } from '@anchor/sandbox-linux/identity.ts';
import { seccompFilter } from '@anchor/sandbox-linux/seccomp.ts';
import { claimRepository, gitUser, PLATFORM_DIRECTORY, unclaimRepository } from './repository-owner.ts';

/**
 * The part of the machine's files that one git process sees besides `/usr`: a repository, and files of the platform to
 * read.
 */
export type GitAccess = Readonly<{ repository: string; write: boolean; read?: readonly string[] }>;

/**
 * Bounds the git processes of the control plane. They read what tenants push, so each runs as an unprivileged user of
 * its repository, without network, in its own process namespace and under the system call filter of the sandboxes. It
 * sees its own repository only, and all of them share one control group.
 */
export type GitSandbox = Readonly<{
  /** Has the pre-receive hook, which checks a push before any branch moves. */
  hooks: string;
  /** Gives a repository to the user that its git runs as. */
  prepare(repository: string): Promise<void>;
  /** Returns the arguments before `git` in a command. Without isolation there are none. */
  words(access: GitAccess): readonly string[];
  /** Counts a git that is started; call the returned function when it has ended. */
  begin(): () => void;
  /** Kills what still runs. */
  close(): Promise<void>;
}>;

const HOOKS = fileURLToPath(new URL('hooks', import.meta.url));

export const NO_GIT_SANDBOX: GitSandbox = {
  hooks: HOOKS,
  prepare: unclaimRepository,
  words: () => [],
  begin: () => () => undefined,
  close: async () => undefined,
};

/** One git process may hold this share of the memory of all: at most four of a project run at once. */
const SHARE = 4;
/** Files up to 64 MB are held whole, with what they are compared to. */
const MIN_PROCESS_MB = 256;
/** Seconds of processor time of one process: a pack of 2 GB takes about 200. */
const CPU_SECONDS = 900;
const PROCESSES = 256;
const LAUNCH = fileURLToPath(new URL('launch-git.sh', import.meta.url));

/** `memoryMb`: what all git processes together may hold. `floor`: as of `IdleClassOptions`; builds and git share it. */
export type GitSandboxOptions = Readonly<{ data: string; memoryMb: number; floor?: number }>;

/** Needs root, bubblewrap and control groups. */
export function openGitSandbox(options: GitSandboxOptions): GitSandbox {
  const { data, memoryMb } = options;
  let group = joinGroup(options);
  /** Returns the group's files. The group is created again when it was removed: without it nothing may start. */
  const procsFiles = (): readonly string[] => {
    if (!group.procsFiles.every((file) => existsSync(file))) group = joinGroup(options);
    return group.procsFiles;
  };
  const files = copyFiles(directoryIn(data));
  const bytes = Math.floor(Math.max(MIN_PROCESS_MB, memoryMb / SHARE) * 1024 * 1024);
  const limits = ['prlimit', `--data=${bytes}`, `--cpu=${CPU_SECONDS}`, '--core=0', '--nofile=1024', '--'];
  const system = ['/usr', '/bin', '/sbin', '/lib', '/lib32', '/lib64']
    .filter((path) => existsSync(path))
    .flatMap((path) => ['--ro-bind', path, path]);
  return {
    hooks: files.hooks,
    prepare: claimRepository,
    words: (access) => [
      '/bin/sh',
      LAUNCH,
      ...procsFiles(),
      '--',
      files.filter,
      ...limits,
      'bwrap',
      ...system,
      '--dev',
      '/dev',
      ...mountsOf(access),
      ...NAMESPACES,
      ...asUser(gitUser(access.repository)),
    ],
    begin: () => group.begin(),
    close: () => group.remove(),
  };
}

/** Not `--die-with-parent`: git gets SIGTERM and time to clean up before it is killed. */
const NAMESPACES = ['--unshare-pid', '--unshare-net', '--unshare-ipc', '--unshare-uts', '--seccomp', '9'];

/**
 * Drops root for good. bubblewrap's first process in the namespace stays root's, so that git cannot stop it, with no
 * capabilities but the two that this needs.
 */
const asUser = (uid: number): readonly string[] => [
  '--cap-drop',
  'ALL',
  '--cap-add',
  'CAP_SETUID',
  '--cap-add',
  'CAP_SETGID',
  '--chdir',
  '/',
  '--',
  'setpriv',
  `--reuid=${uid}`,
  `--regid=${uid}`,
  '--clear-groups',
  '--inh-caps=-all',
  '--no-new-privs',
  '--',
];

function mountsOf({ repository, write, read = [] }: GitAccess): readonly string[] {
  const own = join(repository, PLATFORM_DIRECTORY);
  return [
    // bubblewrap would close these to others where the data directory is closed.
    ...[...new Set([repository, ...read].flatMap(ancestors))].flatMap((path) => ['--dir', path]),
    ...read.flatMap((path) => ['--ro-bind', path, path]),
    write ? '--bind' : '--ro-bind',
    repository,
    repository,
    // A mount point cannot be renamed or replaced by a link.
    ...(write ? ['--ro-bind', own, own] : []),
  ];
}

const ancestors = (path: string): readonly string[] => {
  const parent = dirname(path);
  return parent === '/' ? [] : [...ancestors(parent), parent];
};

const FILTER = 'filter';
const directoryIn = (data: string): string => join(data, 'run', 'git');

/** Returns the file with the system call filter of git, which exists once the git sandbox is open. */
export const filterFile = (data: string): string => join(directoryIn(data), FILTER);

/** Copies of what git's user reads, since the platform may be installed where that user cannot read. */
function copyFiles(directory: string): Readonly<{ hooks: string; filter: string }> {
  const filter = join(directory, FILTER);
  const hooks = join(directory, 'hooks');
  mkdirSync(hooks, { recursive: true });
  chmodSync(hooks, 0o755);
  replaceFile(filter, seccompFilter(process.arch) ?? new Uint8Array(), 0o644);
  replaceFile(join(hooks, 'pre-receive'), readFileSync(join(HOOKS, 'pre-receive')), 0o755);
  return { hooks, filter };
}

/** Whole or not at all: a git of an earlier process may be reading it. */
function replaceFile(path: string, content: Uint8Array, mode: number): void {
  const temporary = `${path}.${process.pid}`;
  writeFileSync(temporary, content);
  chmodSync(temporary, mode);
  renameSync(temporary, path);
}

/**
 * Joins a group in the class of builds, with half of the processors: what a push makes git read must not slow what is
 * live, and a push makes progress on a busy machine.
 */
function joinGroup({
  data,
  memoryMb,
  floor,
}: GitSandboxOptions): Pick<ResidentCgroup, 'procsFiles' | 'remove' | 'begin'> {
  const groups = openCgroups(instanceOf(data), undefined, floor === undefined ? {} : { floor });
  const owner = ownerOf(process.pid) ?? `${process.pid}-0`;
  const limits = { memoryMb, cpus: Math.max(1, availableParallelism() / 2), processes: PROCESSES };
  return (
    groups?.createResident(owner, 'git', limits) ?? {
      procsFiles: [],
      begin: () => () => undefined,
      remove: async () => undefined,
    }
  );
}
