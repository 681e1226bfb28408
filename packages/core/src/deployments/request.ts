import type { Delivery } from '../deliveries/delivery.ts';
import { fail, ok, type Result } from '../result/result.ts';
import type { Deployment } from './deployment.ts';
import { planDeployment, type DeploymentPlan, type DeploymentRequest } from './plan-deployment.ts';
import type { RequestPorts } from './request-ports.ts';
import { isResultFor, latestSuccessOfCommit, markAsHead, reuseExisting } from './reuse-deployment.ts';
import { supersede } from './supersede.ts';

/**
 * Makes a deployment and queues its build. A duplicate (project, environment, commit) returns the first one. Steps are
 * idempotent: a crash after any of them is repaired by `Recovery`.
 */
export const requestDeployment =
  (ports: RequestPorts) =>
  async (request: DeploymentRequest): Promise<Result<Readonly<{ deployment: Deployment; created: boolean }>>> => {
    const drafted = await planDeployment(ports)(request);
    if (!drafted.ok) return drafted;
    const { deployment } = drafted.value;
    if ((await persistPlan(ports, drafted.value)) === 'stored') return ok({ deployment, created: true });
    const first = await ports.deployments.byDedupeKey(deployment.dedupeKey);
    if (first === undefined)
      return fail('internal', 'The deployment could not be stored', 'Run `anchor deploy` to retry.');
    const existing = request.atHead === true ? ((await latestSuccessOfCommit(ports, request, first)) ?? first) : first;
    if (!(await isResultFor(ports, request, existing))) return requestDeployment(ports)({ ...request, force: true });
    if (request.atHead === true) await markAsHead(ports, request, existing, drafted.value);
    const reused = await reuseExisting(ports, request, existing);
    if (!reused.ok) return reused;
    return reused.value === 'removed'
      ? requestDeployment(ports)({ ...request, force: true })
      : ok({ deployment: reused.value, created: false });
  };

/** Stores a draft with its delivery, and supersedes older builds. Writes nothing when one of the two is known. */
export async function persistPlan(
  ports: RequestPorts,
  { deployment, job, supersedes }: DeploymentPlan,
  delivery?: Delivery,
) {
  const taken = await ports.pushes.commit({
    deployment,
    ...(job === undefined ? {} : { job }),
    ...(delivery === undefined ? {} : { delivery }),
  });
  // Only the newest commit matters; a running switch continues.
  if (taken === 'stored') for (const older of supersedes) await supersede(ports, older.id, deployment.id);
  return taken;
}
