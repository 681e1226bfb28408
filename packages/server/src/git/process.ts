import { spawn, type ChildProcessByStdio } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';

export type Service = 'git-receive-pack' | 'git-upload-pack';
export type GitProcess = ChildProcessByStdio<Writable, Readable, Readable>;

/** Nothing of the machine's or a user's configuration, no hooks, no prompts. */
const ENVIRONMENT: Readonly<Record<string, string>> = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  LC_ALL: 'C',
  HOME: '/nonexistent',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_ATTR_NOSYSTEM: '1',
  GIT_TERMINAL_PROMPT: '0',
  GIT_NO_REPLACE_OBJECTS: '1',
  // A few kilobytes can unpack to a tree or commit of gigabytes. Large files are streamed and need no such block.
  GIT_ALLOC_LIMIT: '512m',
};

/** Branches and tags are all that can be pushed or seen; every object is checked; pushes may rewrite and delete branches. */
const configuration = (maxBytes: number): readonly string[] => [
  'core.hooksPath=/dev/null', 'core.fsmonitor=false', 'core.fsync=committed,reference', 'core.bigFileThreshold=64m', 'gc.auto=0', 'receive.autogc=false',
  'transfer.hideRefs=refs', 'transfer.hideRefs=!refs/heads', 'transfer.hideRefs=!refs/tags',
  'receive.fsckObjects=true', 'receive.denyNonFastForwards=false', 'receive.denyDeletes=false', 'receive.denyCurrentBranch=ignore', 'receive.denyDeleteCurrent=ignore',
  'receive.advertisePushOptions=false', `receive.maxInputSize=${maxBytes}`,
];

/** A `Git-Protocol` header as git's own clients send it; anything else counts as not sent. */
export const protocolOf = (header: string | undefined): string | undefined => (header !== undefined && /^version=[012]$/.test(header) ? header : undefined);

/** Starts git as the other end of one request: an argument vector, an environment of its own, bytes in and out. */
export function gitProcess(options: Readonly<{ service: Service; repository: string; advertise: boolean; protocol?: string; maxBytes: number }>): GitProcess {
  const args = [
    ...['safe.directory=*', ...configuration(options.maxBytes)].flatMap((setting) => ['-c', setting]),
    options.service.slice('git-'.length), '--stateless-rpc', ...(options.advertise ? ['--advertise-refs'] : []), options.repository,
  ];
  // Pushing has no protocol 2; its clients know that, others are answered with the one there is.
  const protocol = options.service === 'git-receive-pack' && options.protocol === 'version=2' ? undefined : options.protocol;
  return spawn('git', args, { env: { ...ENVIRONMENT, ...(protocol === undefined ? {} : { GIT_PROTOCOL: protocol }) }, cwd: '/', stdio: ['pipe', 'pipe', 'pipe'] });
}

/** How it ended: its exit code, and the beginning of what it said on standard error. */
export function ended(git: GitProcess): Promise<Readonly<{ code: number | null; said: string }>> {
  let said = '';
  git.stderr.on('data', (chunk: Buffer) => { if (said.length < 4_096) said += chunk.toString('utf8'); });
  return new Promise((resolve) => {
    git.once('error', (error) => resolve({ code: null, said: error.message }));
    git.once('close', (code) => resolve({ code, said }));
  });
}

/** Paths that differ between two commits of a bare repository; undefined when that can not be told, or there are very many. */
export function changedBetween(repository: string, before: string, after: string): Promise<readonly string[] | undefined> {
  const args = ['-c', 'safe.directory=*', '-c', 'core.hooksPath=/dev/null', `--git-dir=${repository}`, 'diff-tree', '-r', '-z', '--name-only', '--no-renames', '--no-ext-diff', '--end-of-options', before, after];
  const git = spawn('git', args, { env: ENVIRONMENT, cwd: '/', stdio: ['ignore', 'pipe', 'ignore'] });
  const chunks: Buffer[] = [];
  let size = 0;
  git.stdout.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size > MAX_NAMES_BYTES) git.kill('SIGKILL');
    else chunks.push(chunk);
  });
  return new Promise((resolve) => {
    git.once('error', () => resolve(undefined));
    git.once('close', (code) => resolve(code === 0 ? Buffer.concat(chunks).toString('utf8').split('\0').filter((path) => path !== '') : undefined));
  });
}
const MAX_NAMES_BYTES = 4 * 1024 * 1024;
