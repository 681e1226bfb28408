import type { BuildLog } from '../logs/build-log.ts';
import type { DeploymentId } from '../names/id.ts';
import type { Ports } from '../ports/ports.ts';
import type { AnchorError } from '../result/result.ts';
import { isFinal, type Deployment } from './deployment.ts';
import { updateDeployment } from './update.ts';

/** Ends a deployment as failed, says why in its log, and leaves what serves alone. */
export async function failDeployment(ports: Pick<Ports, 'deployments' | 'clock'>, id: DeploymentId, error: AnchorError, log: BuildLog): Promise<Deployment> {
  log.note(error.message, 'error');
  if (error.cause !== undefined) log.note(`why: ${error.cause}`, 'error');
  log.note(`fix: ${error.fix}`, 'error');
  const failed = await updateDeployment(ports)(id, (current) => (isFinal(current.state) ? undefined : { state: 'failed', error }));
  if (failed.ok) return failed.value;
  throw new Error('a deployment was removed while it ran');
}
