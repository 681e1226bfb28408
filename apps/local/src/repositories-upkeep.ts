import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pruneLfs } from '@anchor/git-host-local/repositories/lfs-upkeep.ts';
import {
  sweepTemporaries,
  sweepUnfinished,
  tidyRepository,
} from '@anchor/git-host-local/repositories/repository-upkeep.ts';
import { isFinal } from '@anchor/core/deployments/deployment.ts';
import { parseId, type DeploymentId, type ProjectId } from '@anchor/core/names/id.ts';
import { processRecord } from '@anchor/core/records/process-record.ts';
import type { CacheUsage } from '@anchor/core/ports/platform-operations.ts';
import type { LocalComposition } from './compose.ts';

/** Sandboxed git of an earlier process is killed at a start. Without a sandbox it may still run, at most this long. */
const ORPHAN_MS = 60 * 60_000;

/** Removes what pushes of a killed process left, before new ones come in. */
export async function sweepRepositories(opened: LocalComposition, isolated: boolean): Promise<void> {
  await sweepUnfinished(opened.paths.repository(PLACEHOLDER));
  const process = processRecord(opened.ports);
  for (const { id, path } of await repositories(opened))
    await process({ kind: 'repository', id, project: id }, () => sweepTemporaries(path, isolated ? 0 : ORPHAN_MS));
}

/**
 * Removes unreachable objects from the platform's own repositories. Commits of retained successful deployments stay,
 * because `anchor redeploy` builds them again. Those of others stay as long as a branch or tag has them. `since`: a
 * time before the clean-up read the retained deployments.
 */
export async function tidyRepositories(
  opened: LocalComposition,
  retainedDeployments: readonly DeploymentId[],
  { dryRun, since }: Readonly<{ dryRun: boolean; since: number }>,
): Promise<CacheUsage> {
  const retained = new Set<string>(retainedDeployments);
  let bytes = 0;
  let freedBytes = 0;
  const process = processRecord(opened.ports);
  const tidyOne = (id: ProjectId, path: string) =>
    opened.gate.alone(path, async () => {
      const commits = await commitsOf(opened, id, retained, since);
      if (!dryRun) await sweepTemporaries(path, 0);
      const only = { dryRun: dryRun || commits.building };
      const objects = await tidyRepository(opened.git, path, commits.retained, only);
      return { bytes: objects.bytes, freedBytes: objects.freedBytes + (await pruneLfs(opened.git, path, only)) };
    });
  for (const { id, path } of await repositories(opened)) {
    let tidied: Readonly<{ bytes: number; freedBytes: number }> | undefined;
    await process({ kind: 'repository', id, project: id }, async () => {
      tidied = await tidyOne(id, path);
    });
    bytes += tidied?.bytes ?? 0;
    freedBytes += tidied?.freedBytes ?? 0;
  }
  return { kind: 'git repositories', bytes, freedBytes };
}

const PLACEHOLDER = 'prj_00000000000000000000' as ProjectId;

async function repositories({
  paths,
}: LocalComposition): Promise<readonly Readonly<{ id: ProjectId; path: string }>[]> {
  const folder = dirname(paths.repository(PLACEHOLDER));
  const names = await readdir(folder).catch(() => []);
  return names.flatMap((name) => {
    const id = name.endsWith('.git') ? parseId('prj', name.slice(0, -'.git'.length)) : undefined;
    return id === undefined ? [] : [{ id, path: join(folder, name) }];
  });
}

/** Returns the commits that may be built again, and whether one is being built. */
async function commitsOf(
  { ports }: LocalComposition,
  projectId: ProjectId,
  retained: ReadonlySet<string>,
  since: number,
): Promise<Readonly<{ retained: readonly string[]; building: boolean }>> {
  const commits = new Set<string>();
  let building = false;
  let cursor: string | undefined;
  do {
    const page = await ports.deployments.list(
      { projectId },
      { limit: 100, ...(cursor === undefined ? {} : { cursor }) },
    );
    for (const { id, state, source, createdAt } of page.items) {
      building ||= state === 'building';
      // One that came after the clean-up looked is not on its list.
      const wanted = !isFinal(state) || createdAt >= since || (state === 'success' && retained.has(id));
      if (source.kind === 'git' && wanted) commits.add(source.commit);
    }
    cursor = page.cursor;
  } while (cursor !== undefined);
  return { retained: [...commits], building };
}
