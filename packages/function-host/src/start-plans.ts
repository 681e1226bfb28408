import { refuseVolumes } from '@anchor/core/artifact/volumes.ts';
import type { Deployment } from '@anchor/core/deployments/deployment.ts';
import { decryptSnapshot } from '@anchor/core/environments/snapshot.ts';
import { namedSecrets } from '@anchor/core/logs/redact.ts';
import type { DeploymentId } from '@anchor/core/names/id.ts';
import type { BlobStore } from '@anchor/core/ports/blob-store.ts';
import type { SecretBox } from '@anchor/core/ports/secret-box.ts';
import type { DeploymentStore, ProjectStore } from '@anchor/core/ports/stores.ts';
import type { FunctionSettings, Project } from '@anchor/core/projects/project.ts';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';
import { functionCommand } from './command.ts';
import type { FileTrees } from './file-trees.ts';
import { FunctionEntries } from './function-entries.ts';
import type { InstancePlan } from './instance-sandbox.ts';
import type { NodeVersions } from './node-versions.ts';
import type { ProjectDisks } from './project-disks.ts';
import type { FunctionHostSettings } from './settings.ts';

export type StartPlansPorts = Readonly<{
  deployments: Pick<DeploymentStore, 'get'>;
  projects: Pick<ProjectStore, 'get'>;
  secrets: SecretBox;
  blobs: Pick<BlobStore, 'get'>;
  trees: FileTrees;
  nodes: NodeVersions;
  /** Directory of the emitted runtime modules. */
  modules: string;
  settings: Pick<FunctionHostSettings, 'tuning'>;
}>;

/** What starts an instance of a deployment, with the settings of its project. */
export type StartPlan = InstancePlan &
  Readonly<{
    settings: FunctionSettings;
    /** It loads application code only with its first request. */
    loadsLazily: boolean;
  }>;

/** Resolves deployments into what starts their instances. */
export class StartPlans {
  readonly #ports: StartPlansPorts;
  readonly #disks: ProjectDisks;
  readonly #entries: FunctionEntries;

  constructor(ports: StartPlansPorts, disks: ProjectDisks) {
    this.#ports = ports;
    this.#disks = disks;
    this.#entries = new FunctionEntries(ports.blobs);
  }

  /** Puts the function's files and Node in place. */
  resolve(deploymentId: DeploymentId): Promise<Result<StartPlan>> {
    return this.#resolve(deploymentId).catch((cause: unknown) =>
      fail(
        'internal',
        'The function could not be prepared',
        'Check the free disk space and the permissions of the data directory.',
        cause instanceof Error ? cause.message : String(cause),
      ),
    );
  }

  async #resolve(deploymentId: DeploymentId): Promise<Result<StartPlan>> {
    const deployment = await this.#ports.deployments.get(deploymentId);
    const project = deployment === undefined ? undefined : await this.#ports.projects.get(deployment.projectId);
    if (deployment === undefined || project === undefined)
      return fail(
        'not_found',
        `There is no deployment ${deploymentId}`,
        'It may have been removed; open the project for its deployments.',
      );
    const artifact = artifactOf(deployment);
    return artifact.ok ? this.#planOf(deployment, project, artifact.value) : artifact;
  }

  async #planOf(deployment: Deployment, project: Project, artifact: string): Promise<Result<StartPlan>> {
    const entry = await this.#entries.of(artifact);
    if (!entry.ok) return entry;
    const mountable = refuseVolumes(entry.value.volumes);
    if (!mountable.ok) return mountable;
    const [tree, node, snapshot, disk] = await Promise.all([
      this.#ports.trees.materialize(entry.value.tree),
      this.#ports.nodes.directory(entry.value.node),
      this.#variablesOf(deployment),
      this.#disks.cacheOf(project.id, deployment.id),
    ]);
    if (!tree.ok) return tree;
    if (!node.ok) return node;
    if (!snapshot.ok) return snapshot;
    const settings = project.functions;
    const command = functionCommand(entry.value, snapshot.value.run, settings.memoryMb, this.#ports.settings.tuning);
    if (!command.ok) return command;
    return ok({
      settings,
      loadsLazily: entry.value.kind === 'next',
      deploymentId: deployment.id,
      identity: project.id,
      command: command.value,
      memoryMb: settings.memoryMb,
      tree: tree.value,
      node: node.value,
      modules: this.#ports.modules,
      ...disk,
      secrets: namedSecrets(snapshot.value.secrets, snapshot.value.run),
    });
  }

  #variablesOf({ id, environmentSnapshot }: Deployment) {
    if (environmentSnapshot === undefined) return ok({ run: {}, secrets: [] });
    return decryptSnapshot(this.#ports)(id, environmentSnapshot);
  }
}

function artifactOf({ id, artifact, artifactRemovedAt }: Deployment): Result<string> {
  if (artifact === undefined)
    return fail('not_ready', `Deployment ${id} has no artifact yet`, 'Wait until it is built.');
  if (artifactRemovedAt !== undefined)
    return fail('not_found', `The files of deployment ${id} were removed by clean-up`, 'Deploy its commit again.');
  return ok(artifact);
}
