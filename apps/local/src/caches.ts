import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { pruneCompressed } from '@anchor/packaging/output/prune-compressed.ts';
import type { DiskUse } from '@anchor/core/ports/sandbox.ts';
import { parseId } from '@anchor/core/names/id.ts';
import type { CacheUsage } from '@anchor/core/ports/platform-operations.ts';
import { freeToolchains } from './toolchains.ts';
import type { LocalComposition } from './compose.ts';

/**
 * Versions that no kept deployment needs stay for as long, and at most so many: a build fetches one again in seconds.
 */
const UNUSED_DAYS = 30;
const MOST_NODES = 12;
const MOST_TOOLS = 40;

/**
 * Frees caches and reports the size of each kind: those beyond their limits, those of projects that are gone, and with
 * `all` every unused cache. `dryRun` changes nothing. `nodesInUse`: the Node versions of all retained deployments;
 * without them none is removed.
 */
export async function freeCaches(
  opened: LocalComposition,
  options: Readonly<{ dryRun: boolean; all: boolean; nodesInUse?: readonly string[] }>,
): Promise<readonly CacheUsage[]> {
  const { paths, npm, blobs } = opened;
  const tools = join(paths.data, 'tools');
  const { nodesInUse } = options;
  const toolchains = { unusedDays: UNUSED_DAYS, now: Date.now(), dryRun: options.dryRun, all: options.all, bytesOf };
  const compressed = join(paths.data, 'compressed');
  const npmBytes = await bytesOf(npm.cache);
  const npmFreed = options.dryRun ? true : await npm.clearCache();
  return [
    await buildDisks(opened, options),
    { kind: 'npm downloads', bytes: npmBytes, freedBytes: npmFreed ? npmBytes : 0 },
    {
      kind: 'compression results',
      bytes: await bytesOf(compressed),
      freedBytes: await pruneCompressed(compressed, blobs, options),
    },
    {
      kind: 'Node.js versions',
      bytes: await bytesOf(paths.nodes),
      freedBytes:
        nodesInUse === undefined
          ? 0
          : await freeToolchains({
              ...toolchains,
              directory: paths.nodes,
              keep: new Set([...nodesInUse, process.versions.node]),
              most: MOST_NODES,
            }),
    },
    {
      kind: 'package managers',
      bytes: await bytesOf(tools),
      freedBytes: await freeToolchains({ ...toolchains, directory: tools, keep: new Set(), most: MOST_TOOLS }),
    },
  ];
}

async function buildDisks(
  { builder: { disks }, ports, sandboxes }: LocalComposition,
  { dryRun, all }: Readonly<{ dryRun: boolean; all: boolean }>,
): Promise<CacheUsage> {
  const listed = await disks.list();
  const projects = await Promise.all(listed.map(async (disk) => ({ disk, project: await projectOf(ports, disk) })));
  const orphans = new Set(
    projects.filter(({ disk, project }) => project === undefined && !disk.inUse).map(({ disk }) => disk.name),
  );
  if (!dryRun) for (const name of orphans) await sandboxes.removeDisk(name);
  const freed = new Set([...orphans, ...(await disks.trim({ dryRun, ...(all ? { limitBytes: 0 } : {}) })).names]);
  const bytes = (some: readonly DiskUse[]): number => some.reduce((sum, disk) => sum + disk.bytes, 0);
  return {
    kind: 'build caches',
    bytes: bytes(listed),
    limitBytes: disks.limitBytes,
    freedBytes: bytes(listed.filter(({ name }) => freed.has(name))),
    projects: projects
      .map(({ disk, project }) => ({
        project: project ?? disk.name,
        bytes: disk.bytes,
        usedAt: Math.floor(disk.usedAt),
        inUse: disk.inUse,
        freed: freed.has(disk.name),
      }))
      .sort((a, b) => b.usedAt - a.usedAt),
  };
}

/** Returns the name of the project whose builds use a disk; undefined when it was removed. */
async function projectOf(ports: LocalComposition['ports'], { name }: DiskUse): Promise<string | undefined> {
  const id = parseId('prj', name.replace('-', '_'));
  return id === undefined ? undefined : (await ports.projects.get(id))?.name;
}

const run = promisify(execFile);

/** Returns what a directory takes on disk; 0 when it is absent. */
async function bytesOf(directory: string): Promise<number> {
  const { stdout } = await run('du', ['-sk', '--', directory]).catch(() => ({ stdout: '0' }));
  return (Number.parseInt(stdout, 10) || 0) * 1024;
}
