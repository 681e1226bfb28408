import { lstat, readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { removeTree } from '@anchor/sandbox-linux/remove-tree.ts';

/**
 * Removes directories whose name is not in `retained` and that were created before `before` (milliseconds since the epoch):
 * younger ones may belong to a deployment that came after the names were read. Names of work in progress start with a
 * dot. Each is renamed first, so that it is never visible half removed.
 */
export async function cleanDirectories(parent: string, retained: ReadonlySet<string>, before: number): Promise<void> {
  for (const name of await readdir(parent).catch(() => [])) {
    const path = join(parent, name);
    const gone = name.startsWith('.gone-');
    if (!gone && (name.startsWith('.') || retained.has(name))) continue;
    const made = gone
      ? 0
      : await lstat(path).then(
          (found) => Math.max(found.mtimeMs, found.birthtimeMs),
          () => Infinity,
        );
    if (made >= before) continue;
    const away = gone ? path : join(parent, `.gone-${name}`);
    try {
      if (!gone) await rename(path, away);
      await removeTree(away);
    } catch {
      // One that cannot be removed now, such as a busy mount, keeps none of the others.
    }
  }
}
