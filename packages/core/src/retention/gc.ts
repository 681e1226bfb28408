import { blobsOf } from '../artifact/blobs.ts';
import { manifestSchema, treeSchema } from '../artifact/manifest.ts';
import type { Deployment } from '../deployments/deployment.ts';
import { isFinal } from '../deployments/deployment.ts';
import { updateDeployment } from '../deployments/update.ts';
import type { DeploymentId } from '../names/id.ts';
import type { Ports } from '../ports/ports.ts';
import type { Project } from '../projects/project.ts';

export type RetentionSettings = Readonly<{
  artifactDays: number;
  recordDays: number;
  /** How many earlier deployments of each alias stay ready for a rollback. */
  rollbackTargets: number;
  /** Blobs younger than this are never removed: a build may be about to name them. */
  graceMs: number;
}>;
export const DEFAULT_RETENTION: RetentionSettings = { artifactDays: 90, recordDays: 365, rollbackTargets: 10, graceMs: 3_600_000 };

export type GcReport = Readonly<{
  artifacts: readonly DeploymentId[];
  records: readonly DeploymentId[];
  deliveries: number;
  blobs: number;
  bytes: number;
  /** Tree hashes and deployments still in use: what a home keeps of its own copies. */
  keptTrees: readonly string[];
  keptDeployments: readonly DeploymentId[];
}>;

type GcPorts = Pick<Ports, 'projects' | 'deployments' | 'deliveries' | 'aliases' | 'blobs' | 'functions' | 'logs' | 'idempotency' | 'queue' | 'clock'>;
const DAY = 86_400_000;

/** Removes what nobody needs any more. With `dryRun` it changes nothing and reports what it would remove. Marks first, sweeps after: a crash in between removes too little, never too much. */
export const collectGarbage =
  (ports: GcPorts, settings: RetentionSettings = DEFAULT_RETENTION) =>
  async (input: Readonly<{ dryRun: boolean }>): Promise<GcReport> => {
    const now = ports.clock.now();
    const artifacts: DeploymentId[] = [];
    const records: DeploymentId[] = [];
    const kept: Deployment[] = [];
    const marked = new Set<string>();
    let deliveries = 0;

    for await (const project of everyProject(ports)) {
      const needed = await neededBy(ports, project, settings.rollbackTargets, now);
      for await (const deployment of everyDeployment(ports, project)) {
        const age = now - deployment.createdAt;
        if (needed.has(deployment.id) || !isFinal(deployment.state)) kept.push(deployment);
        else if (age > settings.recordDays * DAY) records.push(deployment.id);
        else if (age > settings.artifactDays * DAY) {
          if (deployment.artifact !== undefined && deployment.artifactRemovedAt === undefined) artifacts.push(deployment.id);
        } else kept.push(deployment);
        if (deployment.source.kind === 'upload' && (!isFinal(deployment.state) || age <= settings.artifactDays * DAY)) marked.add(deployment.source.blob);
      }
      for await (const delivery of everyDelivery(ports, project)) {
        if (now - delivery.receivedAt > settings.recordDays * DAY && delivery.state !== 'received') {
          deliveries++;
          if (!input.dryRun) await ports.deliveries.remove(delivery.id);
        } else if (delivery.body.startsWith('blob:')) marked.add(delivery.body.slice(5));
      }
    }

    const keptTrees = new Set<string>();
    for (const deployment of kept) if (deployment.artifact !== undefined && deployment.artifactRemovedAt === undefined) await mark(ports, deployment.artifact, marked, keptTrees);
    if (!input.dryRun) {
      for (const id of [...artifacts, ...records]) {
        const promoted = await promotedMeanwhile(ports, id, settings.rollbackTargets, now);
        if (promoted === undefined) await removeOne(ports, id, now, records.includes(id));
        else {
          kept.push(promoted);
          if (promoted.artifact !== undefined && promoted.artifactRemovedAt === undefined) await mark(ports, promoted.artifact, marked, keptTrees);
        }
      }
      await ports.idempotency.expire(now - DAY);
      await ports.queue.expireDead(now - settings.recordDays * DAY);
      await ports.aliases.expireRemoved(now - DAY);
    }
    const swept = await sweep(ports, marked, now - settings.graceMs, input.dryRun);
    return { artifacts, records, deliveries, ...swept, keptTrees: [...keptTrees], keptDeployments: kept.map((deployment) => deployment.id) };
  };

/** The deployment, when a person has promoted it since the first look: it stays. */
async function promotedMeanwhile(ports: GcPorts, id: DeploymentId, targets: number, now: number): Promise<Deployment | undefined> {
  const deployment = await ports.deployments.get(id);
  const project = deployment === undefined ? undefined : await ports.projects.get(deployment.projectId);
  return project !== undefined && (await neededBy(ports, project, targets, now)).has(id) ? deployment : undefined;
}

/** Its files, or all of it. Marked first: from then on it can not be promoted any more. */
async function removeOne(ports: GcPorts, id: DeploymentId, now: number, record: boolean): Promise<void> {
  const marked = await updateDeployment(ports)(id, (current) => (current.artifactRemovedAt === undefined ? { artifactRemovedAt: now } : undefined));
  if (marked.ok) await ports.aliases.remove(marked.value.host);
  await ports.functions.stop(id);
  if (!record) return;
  await ports.logs.remove(id);
  await ports.deployments.remove(id);
}

/** What aliases point at, the rollback targets of each, and what tabs may still ask for. A deployment's own immutable host alone keeps nothing. */
async function neededBy(ports: GcPorts, project: Project, targets: number, now: number): Promise<ReadonlySet<DeploymentId>> {
  const needed = new Set<DeploymentId>();
  for (const alias of await ports.aliases.listByProject(project.id)) {
    if (alias.kind === 'deployment') continue;
    needed.add(alias.deploymentId);
    for (const [i, id] of alias.history.entries()) if (i < targets || (alias.reachableUntil?.[id] ?? 0) > now) needed.add(id);
  }
  return needed;
}

/** Every blob that an artifact names, its own included. */
async function mark(ports: GcPorts, artifact: string, marked: Set<string>, trees: Set<string>): Promise<void> {
  if (marked.has(artifact)) return;
  const bytes = await ports.blobs.get(artifact);
  if (bytes === undefined) return;
  const manifest = manifestSchema.parse(JSON.parse(new TextDecoder().decode(bytes)));
  marked.add(artifact);
  for (const hash of blobsOf(manifest)) marked.add(hash);
  for (const component of Object.values(manifest.components)) {
    const tree = component.function?.tree;
    if (tree === undefined || trees.has(tree)) continue;
    trees.add(tree);
    marked.add(tree);
    const listing = await ports.blobs.get(tree);
    if (listing === undefined) continue;
    for (const entry of treeSchema.parse(JSON.parse(new TextDecoder().decode(listing))).entries) if ('blob' in entry) marked.add(entry.blob);
  }
}

async function sweep(ports: GcPorts, marked: ReadonlySet<string>, before: number, dryRun: boolean): Promise<Readonly<{ blobs: number; bytes: number }>> {
  let blobs = 0;
  let bytes = 0;
  for await (const blob of ports.blobs.list()) {
    if (marked.has(blob.hash) || blob.writtenAt > before) continue;
    blobs++;
    bytes += blob.size;
    if (!dryRun) await ports.blobs.remove(blob.hash);
  }
  return { blobs, bytes };
}

async function* pages<T>(fetch: (cursor: string | undefined) => Promise<Readonly<{ items: readonly T[]; cursor?: string }>>): AsyncIterable<T> {
  let cursor: string | undefined;
  do {
    const page = await fetch(cursor);
    yield* page.items;
    cursor = page.cursor;
  } while (cursor !== undefined);
}
const request = (cursor: string | undefined) => ({ limit: 100, ...(cursor === undefined ? {} : { cursor }) });
const everyProject = (ports: GcPorts) => pages((cursor) => ports.projects.list(request(cursor)));
const everyDeployment = (ports: GcPorts, project: Project) => pages((cursor) => ports.deployments.list({ projectId: project.id }, request(cursor)));
const everyDelivery = (ports: GcPorts, project: Project) => pages((cursor) => ports.deliveries.list({ projectId: project.id }, request(cursor)));
