import type { SandboxHandle } from '@anchor/core/ports/sandbox.ts';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';
import { SANDBOX_PATHS } from '@anchor/protocol/sandbox-paths.ts';
import type { GitCall } from './git-settings.ts';
import { mayBePointer } from './lfs-pointer.ts';

/**
 * The entries of a commit's tree besides plain files: commits of other repositories, and files as small as a Git LFS
 * pointer.
 */
export type Listing = Readonly<{
  links: readonly Readonly<{ path: string; commit: string }>[];
  small: readonly string[];
}>;

const MAX_SMALL_FILES = 200_000;
export const MAX_SUBMODULES = 100;

/** Reads the tree of HEAD as a stream; it may have a million entries. */
export async function listTree(sandbox: SandboxHandle, call: GitCall, folder: string): Promise<Result<Listing>> {
  const links: { path: string; commit: string }[] = [];
  const small: string[] = [];
  const child = sandbox.spawn({
    argv: call.argv('ls-tree', '-r', '-l', '-z', '--full-tree', 'HEAD'),
    env: call.env,
    cwd: folder === '' ? SANDBOX_PATHS.app : `${SANDBOX_PATHS.app}/${folder}`,
  });
  const drain = (async () => {
    for await (const bytes of child.stderr) void bytes;
  })();
  let rest = '';
  const decoder = new TextDecoder();
  for await (const bytes of child.stdout) {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split('\0');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const tab = line.indexOf('\t');
      const [mode = '', , id = '', size = ''] = line.slice(0, tab).split(/ +/);
      const path = line.slice(tab + 1);
      if (mode === '160000' && links.length <= MAX_SUBMODULES) links.push({ path, commit: id });
      else if (mode.startsWith('100') && mayBePointer(Number(size)) && small.length < MAX_SMALL_FILES) small.push(path);
    }
  }
  const [exit] = await Promise.all([child.exited, drain]);
  return exit.code === 0
    ? ok({ links, small })
    : fail('internal', 'The files of the commit could not be listed', 'Run `anchor redeploy` to retry.');
}
