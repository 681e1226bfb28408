import { fail, ok, type Result } from '@anchor/core/result/result.ts';
import { capture } from '../session/command.ts';
import { readInTree } from '@anchor/packaging/checkout/checkout-fs.ts';
import { SANDBOX_PATHS } from '@anchor/protocol/sandbox-paths.ts';
import { runInSandbox, sandboxGitCall, type FetchContext } from './git-run.ts';
import { MAX_POINTER_BYTES, parsePointer, type LfsPointer } from './lfs-pointer.ts';

export type PointerFile = LfsPointer & Readonly<{ path: string }>;

const MAX_PATHS_BYTES = 64 * 1024 * 1024;

/** Returns the files of the tree that are pointers and that .gitattributes assigns to Git LFS. */
export async function pointersOf(
  context: FetchContext,
  folder: string,
  small: readonly string[],
): Promise<Result<readonly PointerFile[]>> {
  const pointers: PointerFile[] = [];
  for (const path of small) {
    const text = await readInTree(context.work.source, inFolder(folder, path), MAX_POINTER_BYTES);
    const pointer = text === undefined ? undefined : parsePointer(text);
    if (pointer !== undefined) pointers.push({ ...pointer, path });
  }
  if (pointers.length === 0) return ok([]);
  return runInSandbox(context, folder, [], [], async (_run, sandbox) => {
    const call = sandboxGitCall();
    const input = new TextEncoder().encode(pointers.map(({ path }) => `${path}\0`).join(''));
    const { stdout } = await capture(
      sandbox,
      { argv: call.argv('check-attr', '-z', '--stdin', 'filter'), env: call.env, cwd: pathInSandbox(folder), input },
      MAX_PATHS_BYTES,
    );
    const words = stdout.split('\0');
    const tracked = new Set<string>();
    for (let i = 0; i + 2 < words.length; i += 3) if (words[i + 2] === 'lfs') tracked.add(words[i] ?? '');
    const other = pointers.filter(({ path }) => !tracked.has(path));
    if (other[0] !== undefined)
      context.say(
        `${other[0].path} looks like a Git LFS pointer, but .gitattributes does not name it: it is left unchanged${other.length > 1 ? ` (and ${other.length - 1} more)` : ''}`,
      );
    return ok(pointers.filter(({ path }) => tracked.has(path)));
  });
}

/** Refuses a folder that was sent with pointers in it, as it is where Git LFS is not installed. */
export async function refusePointers(source: string, small: readonly string[]): Promise<Result<void>> {
  const attributes = new Map<string, Promise<boolean>>();
  const usesLfs = (folder: string): Promise<boolean> => {
    const known =
      attributes.get(folder) ??
      readInTree(source, inFolder(folder, '.gitattributes'), MAX_ATTRIBUTES_BYTES).then(
        (text) => text !== undefined && /\bfilter=lfs\b/.test(text),
      );
    attributes.set(folder, known);
    return known;
  };
  for (const path of small) {
    const text = await readInTree(source, path, MAX_POINTER_BYTES);
    if (text === undefined || parsePointer(text) === undefined) continue;
    const parts = path.split('/').slice(0, -1);
    for (let depth = parts.length; depth >= 0; depth--) {
      if (await usesLfs(parts.slice(0, depth).join('/')))
        return fail(
          'source_refused',
          `${path} is a Git LFS pointer, not the file itself`,
          'Fetch the files, then deploy again: git lfs pull',
          '.gitattributes assigns it to Git LFS.',
        );
    }
  }
  return ok(undefined);
}

const MAX_ATTRIBUTES_BYTES = 1024 * 1024;

export const inFolder = (folder: string, path: string): string => (folder === '' ? path : `${folder}/${path}`);
export const pathInSandbox = (folder: string): string =>
  folder === '' ? SANDBOX_PATHS.app : `${SANDBOX_PATHS.app}/${folder}`;
