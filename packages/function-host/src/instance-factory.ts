import type { DeploymentId } from '@anchor/core/names/id.ts';
import type { Clock } from '@anchor/core/ports/clock.ts';
import type { LogStore } from '@anchor/core/ports/log-store.ts';
import type { ProjectStore } from '@anchor/core/ports/stores.ts';
import { ok, type Result } from '@anchor/core/result/result.ts';
import { clearDeploymentCache } from './deployment-cache.ts';
import type { HostPaths } from './host-paths.ts';
import type { InstanceSandboxPorts } from './instance-sandbox.ts';
import type { Instance, InstanceFactory, PreparedFunction } from './instance.ts';
import { LogWriters } from './log-writers.ts';
import { PrewarmPool } from './prewarm-pool.ts';
import { ProjectDisks } from './project-disks.ts';
import { servesProduction, type ProductionPorts } from './serves-production.ts';
import { startInstance, type InstancePorts } from './start-instance.ts';
import { StartPlans, type StartPlan, type StartPlansPorts } from './start-plans.ts';
import { WarmSandboxPool } from './warm-sandbox-pool.ts';

export type InstanceFactoryPorts = Omit<InstanceSandboxPorts, 'disks'> &
  StartPlansPorts &
  ProductionPorts &
  Readonly<{
    paths: HostPaths;
    clock: Clock;
    logs: Pick<LogStore, 'append'>;
    projects: Pick<ProjectStore, 'get' | 'list'>;
  }>;

/** Starts the functions of deployments in sandboxes of this machine, with prewarmed ones where there is memory. */
export class SandboxedInstanceFactory implements InstanceFactory {
  readonly #ports: InstanceFactoryPorts;
  readonly #writers: LogWriters;
  readonly #disks: ProjectDisks;
  readonly #plans: StartPlans;
  readonly #warmSandboxes: WarmSandboxPool;
  readonly #prewarmPool: PrewarmPool;

  constructor(ports: InstanceFactoryPorts) {
    this.#ports = ports;
    this.#writers = new LogWriters(ports.logs, ports.clock);
    this.#disks = new ProjectDisks(ports.paths, ports.settings);
    // A damaged record reads as missing, but its sites are still served.
    void this.#disks.openAll(
      async (projectId) =>
        (await ports.projects.get(projectId)) !== undefined ||
        (await ports.aliases.listByProject(projectId)).length > 0,
    );
    this.#plans = new StartPlans(ports, this.#disks);
    this.#warmSandboxes = new WarmSandboxPool({ ...ports, disks: this.#disks });
    this.#prewarmPool = new PrewarmPool({
      start: (plan, signal) => startInstance(plan, this.#instancePorts(), signal),
      onEvict: (plan) => this.#warmSandboxes.warm(plan),
      isLive: (deploymentId) => servesProduction(ports, deploymentId),
      settings: ports.settings,
      availableMb: () => process.availableMemory() / 1_048_576,
    });
  }

  async prepare(deploymentId: DeploymentId): Promise<Result<PreparedFunction>> {
    const plan = await this.#plans.resolve(deploymentId);
    if (!plan.ok) return plan;
    const { identity, settings } = plan.value;
    return ok({ projectId: identity, settings, start: (signal) => this.#start(plan.value, signal) });
  }

  isLive(deploymentId: DeploymentId): Promise<boolean> {
    return servesProduction(this.#ports, deploymentId).catch(() => false);
  }

  async prewarm(deploymentId: DeploymentId): Promise<Result<void>> {
    const plan = await this.#plans.resolve(deploymentId);
    if (!plan.ok) return plan;
    await this.#warmSandboxes.warm(plan.value);
    if (plan.value.loadsLazily)
      await this.#prewarmPool.prewarm(plan.value, await servesProduction(this.#ports, deploymentId));
    return ok(undefined);
  }

  async releaseWarm(deploymentId: DeploymentId): Promise<void> {
    await this.#prewarmPool.discard(deploymentId);
    await this.#warmSandboxes.discard(deploymentId);
  }

  async clearCache(deploymentId: DeploymentId): Promise<void> {
    await this.#prewarmPool.discard(deploymentId);
    await clearDeploymentCache(this.#ports.paths.deploymentCache(deploymentId));
  }

  warmCount(): number {
    return this.#warmSandboxes.count() + this.#prewarmPool.count();
  }

  prewarmedCount(): number {
    return this.#prewarmPool.count();
  }

  logPlatformLine(deploymentId: DeploymentId, level: 'info' | 'warn' | 'error', text: string): void {
    this.#writers.of(deploymentId).add({ level, text: `anchor: ${text}` });
  }

  async close(): Promise<void> {
    await this.#prewarmPool.close();
    await this.#warmSandboxes.close();
    await this.#disks.close();
    await this.#writers.close();
  }

  async #start(plan: StartPlan, signal: AbortSignal): Promise<Result<Instance>> {
    const startedAt = performance.now();
    const prewarmed = await this.#prewarmPool.claim(plan);
    this.#prewarmPool.evictForMemory(); // a function that serves needs the memory more
    if (prewarmed === undefined) return startInstance(plan, this.#instancePorts(), signal);
    return ok({ ...prewarmed, startMs: Math.round(performance.now() - startedAt) });
  }

  #instancePorts(): InstancePorts {
    const { settings } = this.#ports;
    return { warmSandboxes: this.#warmSandboxes, writers: this.#writers, settings, disks: this.#disks };
  }
}
