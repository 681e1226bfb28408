import type { DeploymentId } from '@anchor/core/names/id.ts';
import type { Result } from '@anchor/core/result/result.ts';
import {
  createInstanceSandbox,
  type InstancePlan,
  type InstanceSandbox,
  type InstanceSandboxPorts,
} from './instance-sandbox.ts';

/** Keeps empty sandboxes of functions that are scaled to zero, so that the next start only starts the process. */
export class WarmSandboxPool {
  readonly #ports: InstanceSandboxPorts;
  readonly #sandboxes = new Map<DeploymentId, Promise<Result<InstanceSandbox>>>();
  #closed = false;

  constructor(ports: InstanceSandboxPorts) {
    this.#ports = ports;
  }

  count(): number {
    return this.#sandboxes.size;
  }

  /** Takes the sandbox that matches the plan, or creates one. */
  async claim(plan: InstancePlan): Promise<Result<InstanceSandbox>> {
    const sandbox = await this.#detach(plan.deploymentId);
    if (sandbox?.ok === true) {
      if (await sandbox.value.matches(plan)) return sandbox;
      await sandbox.value.remove();
    }
    return createInstanceSandbox(plan, this.#ports);
  }

  /**
   * Creates the deployment's sandbox unless there is one; over the limit, the oldest is removed. Resolves when it is
   * ready.
   */
  async warm(plan: InstancePlan): Promise<void> {
    const { warmSandboxes } = this.#ports.settings;
    if (this.#closed || warmSandboxes === 0 || this.#sandboxes.has(plan.deploymentId)) return;
    const [oldest] = this.#sandboxes.keys();
    if (oldest !== undefined && this.#sandboxes.size >= warmSandboxes) void this.discard(oldest);
    const sandbox = createInstanceSandbox(plan, this.#ports);
    this.#sandboxes.set(plan.deploymentId, sandbox);
    if (!(await sandbox).ok && this.#sandboxes.get(plan.deploymentId) === sandbox)
      this.#sandboxes.delete(plan.deploymentId);
  }

  async discard(deploymentId: DeploymentId): Promise<void> {
    const sandbox = await this.#detach(deploymentId);
    if (sandbox?.ok === true) await sandbox.value.remove();
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#sandboxes.keys()].map((deploymentId) => this.discard(deploymentId)));
  }

  #detach(deploymentId: DeploymentId): Promise<Result<InstanceSandbox>> | undefined {
    const sandbox = this.#sandboxes.get(deploymentId);
    this.#sandboxes.delete(deploymentId);
    return sandbox;
  }
}
