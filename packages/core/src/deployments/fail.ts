import type { BuildLog } from '../logs/build-log.ts';
import type { DeploymentId } from '../names/id.ts';
import type { Ports } from '../ports/ports.ts';
import type { AnchorError } from '../result/result.ts';
import { isFinal, type Deployment } from './deployment.ts';
import { FAILURE_STEP } from '../logs/log-line.ts';
import { updateDeployment } from './update.ts';

/** Returns an error as lines of a log or terminal: a cause of several lines keeps them. */
export const failureLines = ({ message, cause, fix }: AnchorError): readonly string[] => [
  message,
  ...(cause === undefined ? [] : cause.split('\n').map((line, index) => `${index === 0 ? 'why:' : '    '} ${line}`)),
  `fix: ${fix}`,
];

/** Ends a deployment as failed, logs the reason, and leaves the serving deployment alone. */
export async function failDeployment(
  ports: Pick<Ports, 'deployments' | 'clock'>,
  id: DeploymentId,
  error: AnchorError,
  log: BuildLog,
): Promise<Deployment> {
  for (const line of failureLines(error)) log.note(line, 'error', FAILURE_STEP);
  const failed = await updateDeployment(ports)(id, (current) =>
    isFinal(current.state) ? undefined : { state: 'failed', error },
  );
  if (failed.ok) return failed.value;
  throw new Error('a deployment was removed while it ran');
}
