import type { DeploymentId } from '../names/id.ts';
import type { Ports } from '../ports/ports.ts';
import { fail, ok, type Result } from '../result/result.ts';
import { canMove, type Deployment, type DeploymentState } from './deployment.ts';

/**
 * Changes a deployment by compare-and-set, retried until it succeeds; `change` returns undefined to leave it unchanged.
 */
export const updateDeployment =
  (ports: Pick<Ports, 'deployments' | 'clock'>) =>
  async (
    id: DeploymentId,
    change: (current: Deployment) => Partial<Deployment> | undefined,
  ): Promise<Result<Deployment>> => {
    for (;;) {
      const current = await ports.deployments.get(id);
      if (current === undefined) return notFound();
      const changed = change(current);
      if (changed === undefined) return ok(current);
      // Why it was held is no news of what was approved: a state comes with its own error or with none.
      const { error: _, ...withoutError } = current;
      const next: Deployment = {
        ...(changed.state === undefined ? current : withoutError),
        ...changed,
        updatedAt: ports.clock.now(),
        version: current.version + 1,
      };
      if (await ports.deployments.replace(next)) return ok(next);
    }
  };

/** Moves it to another state, along the table of transitions only. */
export const moveDeployment =
  (ports: Pick<Ports, 'deployments' | 'clock'>) =>
  async (id: DeploymentId, to: DeploymentState, also: Partial<Deployment> = {}): Promise<Result<Deployment>> => {
    const moved = await updateDeployment(ports)(id, (current) =>
      canMove(current.state, to) ? { ...also, state: to } : undefined,
    );
    if (!moved.ok || moved.value.state === to) return moved;
    return fail(
      'conflict',
      `The deployment is ${moved.value.state} and cannot become ${to}`,
      'Inspect it with: anchor inspect',
      `${moved.value.state} → ${to}`,
    );
  };

export const notFound = () =>
  fail('not_found', 'There is no such deployment', 'List deployments with: anchor deployments list');
