import { endGit, type GitChild } from '../launcher/git-child.ts';
import { GitProcesses } from './git-processes.ts';
import { KeyedSemaphore } from './keyed-semaphore.ts';

const GIT_OPTIONS: readonly string[] = [
  '-c',
  'safe.directory=*',
  '-c',
  'core.hooksPath=/dev/null',
  '-c',
  'core.fsmonitor=false',
  '-c',
  'protocol.ext.allow=never',
  '-c',
  'core.packedGitWindowSize=32m',
  '-c',
  'core.packedGitLimit=256m',
  '-c',
  'core.bigFileThreshold=64m',
];

/**
 * Result of a git command. `code` is null when it was killed or could not be started. `cut`: its output exceeded the
 * limit.
 */
export type GitResult = Readonly<{ code: number | null; stdout: string; stderr: string; cut: boolean }>;
export type GitRun = Readonly<{ write?: boolean; maxBytes?: number; timeoutMs?: number }>;

const MAX_BYTES = 1024 * 1024;
const MAX_ERRORS = 64 * 1024;
const TIMEOUT_MS = 60_000;
/** Concurrent processes on one repository, and in total; others wait. */
const PER_REPOSITORY = 2;
const IN_SUM = 8;

/** Runs git on repositories of the platform: argument vectors, bounded output, time and memory. */
export class Git {
  readonly #processes: GitProcesses;
  readonly #semaphore = new KeyedSemaphore({ perKey: PER_REPOSITORY, inSum: IN_SUM });

  constructor(processes: GitProcesses = new GitProcesses()) {
    this.#processes = processes;
  }

  /** Runs a command to its end, and never rejects. Output above `maxBytes` ends it. */
  async run(
    repository: string,
    args: readonly string[],
    { write = false, maxBytes = MAX_BYTES, timeoutMs = TIMEOUT_MS }: GitRun = {},
  ): Promise<GitResult> {
    try {
      return await this.#run(repository, args, { write, maxBytes, timeoutMs });
    } catch (error) {
      return { code: null, stdout: '', stderr: String(error), cut: false };
    }
  }

  async #run(
    repository: string,
    args: readonly string[],
    { write, maxBytes, timeoutMs }: Required<GitRun>,
  ): Promise<GitResult> {
    return this.use(repository, args, { write, timeoutMs }, async (child) => {
      child.stdin.end();
      const parts: Buffer[] = [];
      let size = 0;
      let cut = false;
      for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
        size += chunk.length;
        if (size > maxBytes) cut = true;
        else parts.push(chunk);
        if (cut) break;
      }
      return { stdout: Buffer.concat(parts).toString('utf8'), cut };
    });
  }

  /** Starts a command, runs `talk` with its pipes, then ends it. */
  async use<T extends object>(
    repository: string,
    args: readonly string[],
    { write = false, timeoutMs = TIMEOUT_MS }: GitRun,
    talk: (child: GitChild) => Promise<T>,
  ): Promise<T & Readonly<{ code: number | null; stderr: string }>> {
    const done = await this.#semaphore.acquire(repository);
    try {
      const child = await this.#processes.start({ repository, write }, [
        ...GIT_OPTIONS,
        `--git-dir=${repository}`,
        ...args,
      ]);
      const errors = errorsOf(child);
      const timer = setTimeout(() => stop(child, write), timeoutMs);
      try {
        const result = await talk(child);
        if (child.stdout.readableEnded !== true) endUnread(child, write);
        const { code, error } = await child.closed;
        return { ...result, code, stderr: error ?? errors() };
      } catch (error) {
        endUnread(child, write);
        throw error;
      } finally {
        clearTimeout(timer);
      }
    } finally {
      done?.();
    }
  }
}

function stop(child: GitChild, write: boolean): void {
  if (write) endGit(child);
  else child.signal('SIGKILL');
}

/** Ends a git whose output is not read any more. */
function endUnread(child: GitChild, write: boolean): void {
  stop(child, write);
  child.stdout.destroy();
}

/** Collects the first lines of standard error, and ignores broken pipes. */
function errorsOf(child: GitChild): () => string {
  let text = '';
  child.stderr.on('data', (chunk: Buffer) => {
    if (text.length < MAX_ERRORS) text += chunk.toString('utf8');
  });
  for (const stream of [child.stdin, child.stdout, child.stderr]) stream.on('error', () => undefined);
  return () => text;
}
