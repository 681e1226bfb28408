import type { DeploymentId } from '../names/id.ts';
import type { Ports } from '../ports/ports.ts';
import { anchorError, ok, type AnchorError, type Result } from '../result/result.ts';
import type { Deployment } from './deployment.ts';
import { enqueue } from './supersede.ts';
import { moveDeployment } from './update.ts';

const BY_A_PERSON = anchorError('canceled', 'Canceled by a user', 'Run `anchor deploy` to deploy again.');

/**
 * Stops a deployment that is held, queued or building. One that is switching or done is refused: nothing stops
 * half-way.
 */
export const cancelDeployment =
  (ports: Pick<Ports, 'deployments' | 'queue' | 'clock'>) =>
  async (id: DeploymentId, why: AnchorError = BY_A_PERSON): Promise<Result<Deployment>> => {
    const moved = await moveDeployment(ports)(id, 'canceled', { error: why });
    if (moved.ok) await ports.queue.cancel(id);
    return moved;
  };

/** Lets a held deployment (fork pull request) build. It still gets no secrets and writes no caches. */
export const approveDeployment =
  (ports: Pick<Ports, 'deployments' | 'queue' | 'clock'>) =>
  async (id: DeploymentId): Promise<Result<Deployment>> => {
    const moved = await moveDeployment(ports)(id, 'queued');
    if (!moved.ok) return moved;
    await enqueue(ports, moved.value);
    return ok(moved.value);
  };
