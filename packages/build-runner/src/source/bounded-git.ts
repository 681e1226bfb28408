import { spawn } from 'node:child_process';
import type { Readable } from 'node:stream';

export type BoundedRun = Readonly<{
  argv: readonly string[];
  env: Readonly<Record<string, string>>;
  cwd: string;
  /** Of one process; git starts others, such as the one that speaks http. */
  memoryMb: number;
  /** Bytes of its output to return, from the end. */
  maxBytes: number;
  user?: number;
  timeoutMs?: number;
  signal?: AbortSignal;
}>;
export type BoundedResult = Readonly<{ code: number | null; stdout: string; stderr: string }>;

const CPU_SECONDS = 600;

/**
 * Runs a git that connects to a remote host beside a sandbox, within limits: a host may respond without end, and git
 * buffers the list of references in memory. At the time limit its whole process tree is killed.
 */
export function runBounded({
  argv,
  env,
  cwd,
  memoryMb,
  maxBytes,
  user,
  timeoutMs,
  signal,
}: BoundedRun): Promise<BoundedResult> {
  const words = [`--data=${memoryMb * 1024 * 1024}`, `--cpu=${CPU_SECONDS}`, '--core=0', '--', ...argv];
  return new Promise((resolve) => {
    const child = spawn('prlimit', words, {
      cwd,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
      ...(user === undefined ? {} : { uid: user, gid: user }),
    });
    const end = (): void => {
      if (child.pid === undefined) return;
      try {
        process.kill(-child.pid, 'SIGKILL');
      } catch {
        // It has ended meanwhile.
      }
    };
    const timer = timeoutMs === undefined ? undefined : setTimeout(end, timeoutMs);
    signal?.addEventListener('abort', end, { once: true });
    let stdout = '';
    let stderr = '';
    const done = (result: BoundedResult): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', end);
      resolve(result);
    };
    child.on('error', (error) => done({ code: null, stdout, stderr: error.message }));
    child.on('close', (code) => done({ code, stdout, stderr }));
    // Where too many files are open there are no pipes, despite the types, and an error follows.
    const [out, errors] = [child.stdout, child.stderr] as readonly (Readable | undefined)[];
    out?.on('data', (chunk: Buffer) => {
      stdout = (stdout + chunk.toString()).slice(-maxBytes);
    });
    errors?.on('data', (chunk: Buffer) => {
      stderr = (stderr + chunk.toString()).slice(-maxBytes);
    });
    if (signal?.aborted === true) end();
  });
}
