import type { BuildLog } from '../logs/build-log.ts';
import type { DeploymentId } from '../names/id.ts';
import type { Ports } from '../ports/ports.ts';
import { ok, type AnchorError } from '../result/result.ts';
import { isFinal, type Deployment } from './deployment.ts';
import { failDeployment } from './fail.ts';
import { moveDeployment, updateDeployment } from './update.ts';

/** `retry`: to be retried after a while, by its error. `done`: it is final, in success or failure. */
export type RunOutcome = Readonly<
  { kind: 'done'; deployment: Deployment } | { kind: 'retry'; error: AnchorError; deployment: Deployment }
>;

/** Failures of the environment, not of the code: a retry may succeed. */
const RETRYABLE_CODES: readonly AnchorError['code'][] = ['source_unreachable', 'disk_full', 'internal'];
export const MAX_ATTEMPTS = 3;
/**
 * A build that was started this often without finishing takes the platform down with it, or is restarted all the time.
 */
export const MAX_BUILD_STARTS = 10;

/**
 * Fails the deployment of a failed build, or queues it for a retry. `attempt`: the one that failed; a later attempt
 * belongs to another worker and is left alone.
 */
export async function failBuild(
  ports: Ports,
  id: DeploymentId,
  attempt: number,
  error: AnchorError,
  log: BuildLog,
  signal: AbortSignal,
): Promise<RunOutcome> {
  const now = await ports.deployments.get(id);
  if (now !== undefined && now.attempt > attempt) return { kind: 'done', deployment: now };
  if (now !== undefined && isFinal(now.state)) {
    log.note(now.error?.message ?? `It is ${now.state}.`, 'warn');
    return { kind: 'done', deployment: now };
  }
  if (now !== undefined && signal.aborted) {
    // Not canceled by a user: the platform is stopping, or another worker took over. It builds again later.
    log.note('The build was interrupted and starts again.', 'warn');
    const back = now.state === 'building' ? await moveDeployment(ports)(id, 'queued') : ok(now);
    if (back.ok) return { kind: 'retry', error, deployment: back.value };
  }
  if (
    now !== undefined &&
    RETRYABLE_CODES.includes(error.code) &&
    (now.failures ?? 0) + 1 < MAX_ATTEMPTS &&
    now.attempt < MAX_BUILD_STARTS
  ) {
    const failures = (now.failures ?? 0) + 1;
    log.note(
      `${error.message}${error.cause === undefined ? '' : ` (${error.cause})`}. Retrying: attempt ${failures + 1} of ${MAX_ATTEMPTS}.`,
      'warn',
    );
    const back =
      now.state === 'building'
        ? await moveDeployment(ports)(id, 'queued', { failures })
        : await updateDeployment(ports)(id, () => ({ failures }));
    if (back.ok) return { kind: 'retry', error, deployment: back.value };
  }
  return { kind: 'done', deployment: await failDeployment(ports, id, error, log) };
}
