import { lstat, mkdir, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { manifestSchema, type FunctionEntry } from '@anchor/core/artifact/manifest.ts';
import { isFinal } from '@anchor/core/deployments/deployment.ts';
import { openSnapshot } from '@anchor/core/environments/snapshot.ts';
import type { DeploymentId } from '@anchor/core/names/id.ts';
import { PRODUCTION } from '@anchor/core/names/name.ts';
import type { BlobStore } from '@anchor/core/ports/blob-store.ts';
import type { Clock } from '@anchor/core/ports/clock.ts';
import type { LogStore } from '@anchor/core/ports/log-store.ts';
import type { SecretBox } from '@anchor/core/ports/secret-box.ts';
import type { AliasStore, DeploymentStore, ProjectStore } from '@anchor/core/ports/stores.ts';
import type { FunctionSettings } from '@anchor/core/projects/project.ts';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';
import { removeTree } from '../remove-tree.ts';
import { functionCommand } from './command.ts';
import { startInstance } from './instance.ts';
import type { Instance, Launcher } from './launch.ts';
import { createLogWriters } from './log-pipe.ts';
import type { NodeVersions } from './node-versions.ts';
import type { InstancePlan, PlacePorts } from './place.ts';
import { createStandbys } from './standbys.ts';
import type { Trees } from './tree.ts';
import { createWaiting } from './waiting.ts';

export type LauncherPorts = PlacePorts & Readonly<{
  clock: Clock;
  logs: Pick<LogStore, 'append'>;
  deployments: Pick<DeploymentStore, 'get'>;
  projects: Pick<ProjectStore, 'get'>;
  aliases: Pick<AliasStore, 'listByProject'>;
  secrets: SecretBox;
  blobs: Pick<BlobStore, 'get'>;
  trees: Trees;
  nodes: NodeVersions;
  /** Directory of the emitted runtime modules. */
  modules: string;
}>;

type Plan = InstancePlan & Readonly<{
  settings: FunctionSettings;
  /** It loads code of the application only with its first request. */
  patient: boolean;
}>;

const REMEMBERED = 1_000;
/** The runtime's tag clock, in the cache directory. */
const KEPT = 'tags.log';
const MAX_KEPT = 64 * 1024 * 1024;

/** Turns a deployment into something that can be started. */
export function createLauncher(ports: LauncherPorts): Launcher {
  const writers = createLogWriters(ports.logs, ports.clock);
  const standbys = createStandbys(ports);
  const start = (plan: InstancePlan, signal: AbortSignal): Promise<Result<Instance>> => startInstance(plan, { standbys, writers, settings: ports.settings }, signal);
  const waiting = createWaiting({ start, fallBack: standbys.keep, isLive, settings: ports.settings, availableMb: () => process.availableMemory() / 1_048_576 });
  /** Function entries by artifact, so that a cold start does not read a large manifest again. Oldest use first. */
  const entries = new Map<string, FunctionEntry | undefined>();

  async function entryOf(artifact: string): Promise<Result<FunctionEntry>> {
    if (!entries.has(artifact)) {
      const bytes = await ports.blobs.get(artifact);
      if (bytes === undefined) return fail('artifact_invalid', "The deployment's manifest is not in the blob store", 'Deploy again; clean-up may have removed this artifact.');
      const manifest = manifestSchema.safeParse(parseJson(bytes));
      if (!manifest.success) return fail('artifact_invalid', "The deployment's manifest is not usable", 'Deploy again.', manifest.error.issues[0]?.message);
      entries.set(artifact, manifest.data.components['web']?.function);
    }
    const entry = entries.get(artifact);
    entries.delete(artifact);
    entries.set(artifact, entry);
    for (const oldest of entries.keys()) if (entries.size > REMEMBERED) entries.delete(oldest);
    return entry === undefined ? fail('not_found', 'This deployment has no function', 'It consists of files only: nothing has to be started.') : ok(entry);
  }

  async function planOf(deploymentId: DeploymentId): Promise<Result<Plan>> {
    const deployment = await ports.deployments.get(deploymentId);
    const project = deployment === undefined ? undefined : await ports.projects.get(deployment.projectId);
    if (deployment === undefined || project === undefined) return fail('not_found', `There is no deployment ${deploymentId}`, 'It may have been removed; open the project for its deployments.');
    if (deployment.artifact === undefined) return fail('not_ready', `Deployment ${deploymentId} has no artifact yet`, 'Wait until it is built.');
    if (deployment.artifactRemovedAt !== undefined) return fail('not_found', `The files of deployment ${deploymentId} were removed by clean-up`, 'Deploy its commit again.');
    const entry = await entryOf(deployment.artifact);
    if (!entry.ok) return entry;
    const [tree, node, snapshot] = await Promise.all([
      ports.trees.materialise(entry.value.tree), ports.nodes.directory(entry.value.node),
      deployment.environmentSnapshot === undefined ? ok({ run: {}, secrets: [] }) : openSnapshot(ports)(deploymentId, deployment.environmentSnapshot),
    ]);
    if (!tree.ok) return tree;
    if (!node.ok) return node;
    if (!snapshot.ok) return snapshot;
    const settings = project.functions;
    const command = functionCommand(entry.value, snapshot.value.run, settings.memoryMb);
    if (!command.ok) return command;
    const cache = ports.paths.deploymentCache(deploymentId);
    await mkdir(dirname(cache), { recursive: true, mode: 0o700 });
    await mkdir(cache, { recursive: true, mode: 0o700 }); // the sandbox gives it to its user
    return ok({ settings, patient: entry.value.kind === 'next', deploymentId, identity: project.id, command: command.value, memoryMb: settings.memoryMb, tree: tree.value, node: node.value, modules: ports.modules, cache, secrets: snapshot.value.secrets });
  }
  /** Whether production is served by it, or is about to be. */
  async function isLive(deploymentId: DeploymentId): Promise<boolean> {
    const deployment = await ports.deployments.get(deploymentId);
    if (deployment === undefined) return false;
    if (deployment.environment === PRODUCTION && !isFinal(deployment.state)) return true;
    return (await ports.aliases.listByProject(deployment.projectId)).some((alias) => alias.kind === 'environment' && alias.target === PRODUCTION && alias.deploymentId === deploymentId);
  }
  const prepare = (deploymentId: DeploymentId): Promise<Result<Plan>> => planOf(deploymentId).catch((cause: unknown) => internal(cause));

  return {
    async prepare(deploymentId) {
      const plan = await prepare(deploymentId);
      if (!plan.ok) return plan;
      const { value } = plan;
      return ok({
        settings: value.settings,
        async start(signal) {
          const begun = performance.now();
          const instance = await waiting.take(value);
          waiting.giveWay(); // a function that serves needs the memory more
          return instance === undefined ? start(value, signal) : ok({ ...instance, startMs: Math.round(performance.now() - begun) });
        },
      });
    },
    async standBy(deploymentId) {
      const plan = await prepare(deploymentId);
      if (!plan.ok) return plan;
      await standbys.keep(plan.value);
      if (plan.value.patient) await waiting.keep(plan.value, await isLive(deploymentId));
      return ok(undefined);
    },
    async standDown(deploymentId) {
      await waiting.drop(deploymentId);
      await standbys.drop(deploymentId);
    },
    async clearCache(deploymentId) {
      await waiting.drop(deploymentId);
      const cache = ports.paths.deploymentCache(deploymentId);
      for (const name of await readdir(cache).catch(() => [])) if (name !== KEPT) await removeTree(join(cache, name));
      // Invalidated tags must stay known, or pages of the build would come back; but it must be a record and not the flood itself.
      const kept = await lstat(join(cache, KEPT)).catch(() => undefined);
      if (kept !== undefined && (!kept.isFile() || kept.size > MAX_KEPT)) await removeTree(join(cache, KEPT));
    },
    standbys: () => standbys.count() + waiting.count(),
    waiting: waiting.count,
    note: (deploymentId, level, text) => writers.of(deploymentId).add({ level, text: `anchor: ${text}` }),
    async close() {
      await waiting.close();
      await standbys.close();
      await writers.close();
    },
  };
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}

const internal = (cause: unknown): Result<never> => fail('internal', 'The function could not be prepared', 'Look at the free disk space and the permissions of the data directory.', cause instanceof Error ? cause.message : String(cause));
