import { REMOVED_PROJECTS } from '../ports/facts.ts';
import type { BrokenBlob, Marks } from './mark.ts';
import type { GcPorts } from './retention-settings.ts';

/** A clean-up that would remove more than half of at least this many blobs needs a reason. */
const MANY_BLOBS = 100;

/** Why less is removed than seems unused, and how to continue. */
export type Held = Readonly<{ reason: string; fix: string }>;

type SweepInput = Readonly<{ before: number; dryRun: boolean; explained: boolean; projects: number }>;
type Swept = Readonly<{ blobs: number; bytes: number; held?: Held; missing: readonly BrokenBlob[] }>;

/** Removes the blobs that no mark needs, unless so many are unneeded that records may be lost. */
export async function sweep(
  ports: GcPorts,
  marks: Marks,
  { before, dryRun, explained, projects }: SweepInput,
): Promise<Swept> {
  const unneeded = new Set<string>();
  const there = new Set<string>();
  let bytes = 0;
  for await (const blob of ports.blobs.list()) {
    there.add(blob.hash);
    if (marks.needs(blob) || blob.writtenAt > before) continue;
    unneeded.add(blob.hash);
    bytes += blob.size;
  }
  const missing: BrokenBlob[] = [];
  // Read again: a listing may lag, and a manifest that is missing was found before.
  for (const [hash, projectId] of marks.needed()) {
    if (!there.has(hash) && !marks.broken.some((broken) => broken.hash === hash) && !(await ports.blobs.has(hash)))
      missing.push({ hash, projectId, why: 'it is missing' });
  }
  const many = projects === 0 || (there.size >= MANY_BLOBS && unneeded.size * 2 > there.size);
  if (unneeded.size > 0 && many && !explained) {
    return {
      blobs: 0,
      bytes: 0,
      missing,
      held: {
        reason: `${unneeded.size} of ${there.size} blobs belong to no record, and nothing explains why: records may be lost`,
        fix: 'Restore a backup (./up --restore FILE); if they are not needed: anchor gc --force',
      },
    };
  }
  if (!dryRun) {
    if (unneeded.size > 0) await removeUnneeded(ports, unneeded, before);
    if (Number((await ports.facts.get(REMOVED_PROJECTS)) ?? 0) > 0) await ports.facts.set(REMOVED_PROJECTS, '0');
  }
  return { blobs: unneeded.size, bytes, missing };
}

/** Lists them again, since a build may have renewed some meanwhile, and removes each as soon as its time is known. */
async function removeUnneeded(ports: GcPorts, unneeded: ReadonlySet<string>, before: number): Promise<void> {
  for await (const { hash, writtenAt } of ports.blobs.list())
    if (unneeded.has(hash) && writtenAt <= before) await ports.blobs.remove(hash);
}
