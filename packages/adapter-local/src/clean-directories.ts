import { readdir, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { removeTree } from './remove-tree.ts';

/**
 * Removes directories whose name nobody keeps and that were made before `before` (milliseconds since the epoch): younger
 * ones may belong to a deployment that came after the names were gathered. Names of work in progress start with a dot.
 * In one step each, so that nobody finds one half removed.
 */
export async function cleanDirectories(parent: string, kept: ReadonlySet<string>, before: number): Promise<void> {
  for (const name of await readdir(parent).catch(() => [])) {
    const path = join(parent, name);
    const gone = name.startsWith('.gone-');
    if (!gone && (name.startsWith('.') || kept.has(name))) continue;
    const made = gone ? 0 : await stat(path).then((found) => Math.max(found.mtimeMs, found.birthtimeMs), () => Infinity);
    if (made >= before) continue;
    const away = gone ? path : join(parent, `.gone-${name}`);
    if (!gone) await rename(path, away);
    await removeTree(away);
  }
}
