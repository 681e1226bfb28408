import type { DeploymentId } from '@anchor/core/names/id.ts';

/** An operation in flight. It leaves nothing behind once it is `discarded`. */
export type PendingOperation = {
  readonly deploymentId: DeploymentId;
  readonly done: Promise<void>;
  discarded: boolean;
};

/** Operations in flight of deployments, for those that must wait for their ends. */
export class PendingOperations {
  readonly #operations = new Set<PendingOperation>();

  async run<T>(deploymentId: DeploymentId, work: (operation: PendingOperation) => Promise<T>): Promise<T> {
    const { promise: done, resolve } = Promise.withResolvers<void>();
    const operation: PendingOperation = { deploymentId, done, discarded: false };
    this.#operations.add(operation);
    try {
      return await work(operation);
    } finally {
      this.#operations.delete(operation);
      resolve();
    }
  }

  /** Marks the deployment's operations as discarded. Resolves when they have ended. */
  async discard(deploymentId: DeploymentId): Promise<void> {
    const own = [...this.#operations].filter((operation) => operation.deploymentId === deploymentId);
    for (const operation of own) operation.discarded = true;
    await Promise.all(own.map(({ done }) => done));
  }

  /** Resolves when those in flight now have ended. */
  async settled(): Promise<void> {
    await Promise.all([...this.#operations].map(({ done }) => done));
  }
}
