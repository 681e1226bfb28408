import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

const DAY = 86_400_000;
/** A build that has just requested one may be about to mount it. */
const IN_USE_MS = 3_600_000;

export type ToolchainOptions = Readonly<{
  directory: string;
  /** Names that something needs. */
  keep: ReadonlySet<string>;
  /** Other versions are removed after this many days without a build. */
  unusedDays: number;
  /** How many stay in any case, the last used first. */
  most: number;
  now: number;
  dryRun: boolean;
  /** All that nothing needs. */
  all: boolean;
  bytesOf: (path: string) => Promise<number>;
}>;

/**
 * Removes unused versions of Node and of package managers, least recently used first: any project may request any
 * version, and each takes 50 to 200 MB. A later build downloads a missing one again. Returns the freed bytes.
 */
export async function freeToolchains({
  directory,
  keep,
  unusedDays,
  most,
  now,
  dryRun,
  all,
  bytesOf,
}: ToolchainOptions): Promise<number> {
  const found: { name: string; usedAt: number }[] = [];
  for (const entry of await readdir(directory, { withFileTypes: true }).catch(() => [])) {
    if (!entry.isDirectory() || entry.name.startsWith('.') || keep.has(entry.name)) continue;
    const { mtimeMs } = await stat(join(directory, entry.name)).catch(() => ({ mtimeMs: now }));
    found.push({ name: entry.name, usedAt: mtimeMs });
  }
  found.sort((a, b) => b.usedAt - a.usedAt);
  let freed = 0;
  for (const [rank, { name, usedAt }] of found.entries()) {
    const unused = now - usedAt;
    if (unused < IN_USE_MS || (!all && rank < most && unused < unusedDays * DAY)) continue;
    const path = join(directory, name);
    freed += await bytesOf(path);
    if (!dryRun) await rm(path, { recursive: true, force: true });
  }
  return freed;
}
