import type { Mount, SandboxHandle } from '@anchor/core/ports/sandbox.ts';
import type { Result } from '@anchor/core/result/result.ts';
import { SANDBOX_PATHS } from '@anchor/protocol/sandbox-paths.ts';
import { capture } from '../session/command.ts';
import type { WorkDisk } from '../disk/work-disk.ts';
import { gitCall, type GitCall } from './git-settings.ts';

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
  /** PATH, scratch files and the system call filter for what runs beside the sandbox, see host-git.ts. */
  machine: Readonly<{ path: string; temporary: string; filter?: string }>;
  signal: AbortSignal;
}>;

export type Run = (
  call: GitCall,
  args: readonly string[],
) => Promise<Readonly<{ code: number | null; stdout: string; stderr: string }>>;
const MAX_OUTPUT = 1 << 20;

export const CONFIG_FILE = '.anchor-gitconfig';

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

export const REPOSITORY = '/repository.git';
export const sandboxGitCall = (): GitCall =>
  gitCall({
    home: '/home/build',
    config: '/home/build/.anchor-gitconfig',
    path: '/usr/local/bin:/usr/bin:/bin',
    local: true,
    url: `file://${REPOSITORY}`,
  });
