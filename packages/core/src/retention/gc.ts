import { AUDIT_DAYS } from '../audit/audit-entry.ts';
import type { DeploymentId } from '../names/id.ts';
import { UPLOAD_TTL_MS } from '../ports/uploads.ts';
import { MAX_TRIES } from '../records/failed-record.ts';
import { Marks, type BrokenBlob } from './mark.ts';
import { pageAfter, pages } from './listings.ts';
import { removeExpired } from './remove-expired.ts';
import { DAY_MS, DEFAULT_RETENTION, type GcPorts, type RetentionSettings } from './retention-settings.ts';
import { explains, takeSurvey } from './survey.ts';
import { sweep, type Held } from './sweep.ts';

export type GcInput = Readonly<{
  /** Changes nothing and reports what would be removed. */
  dryRun: boolean;
  /** Removes blobs although no record explains why so many are not needed any more. */
  force?: boolean;
}>;

export type GcReport = Readonly<{
  artifacts: readonly DeploymentId[];
  records: readonly DeploymentId[];
  deliveries: number;
  blobs: number;
  bytes: number;
  held?: Held;
  /** Needed blobs that are missing or damaged, as far as clean-up met them. */
  broken: readonly BrokenBlob[];
  /** False when what is in use is not fully known: a deployment target then removes none of its own copies. */
  complete: boolean;
  /** Tree hashes and deployments still in use: what a deployment target retains of its own copies. */
  treesInUse: readonly string[];
  /** Exact Node versions that functions of kept deployments run on. */
  nodesInUse: readonly string[];
  retainedDeployments: readonly DeploymentId[];
}>;

/**
 * Removes what nothing needs any more. Marks first, sweeps after: a crash in between removes too little, never too
 * much. Records that cannot be read, and blobs that nothing explains, hold it back: lost records must not become lost
 * sites.
 */
export const collectGarbage =
  (ports: GcPorts, settings: RetentionSettings = DEFAULT_RETENTION) =>
  async ({ dryRun, force = false }: GcInput): Promise<GcReport> => {
    const now = ports.clock.now();
    const marks = new Marks(ports.blobs);
    const survey = await takeSurvey(ports, settings, marks, now);
    for (const deployment of survey.retained) await marks.addArtifactOf(deployment);
    const rows = await damagedRows(ports);
    const held =
      rows === 0
        ? undefined
        : {
            reason: `${rows} record${rows === 1 ? '' : 's'} of the database cannot be read, so what they need is not known`,
            fix: 'Restore a backup, or drop them: anchor dead-letters list',
          };
    if (!dryRun) {
      if (held === undefined) await removeExpired(ports, settings, survey, marks, now);
      await ports.idempotency.expire(now - DAY_MS);
      await ports.uploads.expire(now - UPLOAD_TTL_MS);
      await ports.queue.purgeDeadLetters(now - settings.recordDays * DAY_MS);
      await ports.aliases.expireRemoved(now - DAY_MS);
      await ports.sessions.expire(now);
      await ports.invitations.expire(now - DAY_MS);
      await ports.audit.expire(now - AUDIT_DAYS * DAY_MS);
    }
    const swept =
      held === undefined
        ? await sweep(ports, marks, {
            before: now - settings.graceMs,
            dryRun,
            explained: force || (await explains(ports, survey)),
            projects: survey.projects,
          })
        : { blobs: 0, bytes: 0, held, missing: [] };
    const broken = [...marks.broken, ...swept.missing];
    if (!dryRun) await note(ports, broken, now);
    return {
      artifacts: held === undefined ? survey.artifacts : [],
      records: held === undefined ? survey.records : [],
      deliveries: held === undefined ? survey.deliveries.length : 0,
      blobs: swept.blobs,
      bytes: swept.bytes,
      ...(swept.held === undefined ? {} : { held: swept.held }),
      broken,
      complete: held === undefined && marks.broken.length === 0,
      treesInUse: marks.trees,
      nodesInUse: marks.nodes,
      retainedDeployments: survey.retained.map((deployment) => deployment.id),
    };
  };

/** Counts the rows that no list shows, although something may depend on them. */
async function damagedRows(ports: GcPorts): Promise<number> {
  let found = 0;
  for await (const { kind, id } of pages((cursor) => ports.failedRecords.list(pageAfter(cursor)))) {
    if (kind === 'row' && /^(?:projects|deployments|deliveries|aliases):/.test(id)) found++;
  }
  return found;
}

/** Lists blobs that are broken, once each. */
async function note(ports: GcPorts, broken: readonly BrokenBlob[], now: number): Promise<void> {
  for (const { hash, projectId, why } of broken) {
    if ((await ports.failedRecords.get('blob', hash)) === undefined)
      await ports.failedRecords.fail({ kind: 'blob', id: hash, project: projectId, why, tries: MAX_TRIES, now });
  }
}
