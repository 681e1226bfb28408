import type { BuildLog } from '../logs/build-log.ts';
import type { DeploymentId } from '../names/id.ts';
import type { Ports } from '../ports/ports.ts';
import type { StepName } from './deployment.ts';
import { updateDeployment } from './update.ts';

/** Records steps with their times on the deployment, in order. */
export type StepRecorder = Readonly<{
  next(name: StepName): Promise<void>;
  end(): Promise<void>;
  /** Ends the running step as the one that failed. */
  fail(): Promise<void>;
}>;

export function createStepRecorder(
  ports: Pick<Ports, 'deployments' | 'clock'>,
  id: DeploymentId,
  log: Pick<BuildLog, 'note'>,
): StepRecorder {
  let chain: Promise<unknown> = Promise.resolve();
  let running: { name: StepName; since: number } | undefined;
  const note = (name: StepName | undefined, mark: '✓' | '✗' = '✓'): Promise<void> => {
    const at = ports.clock.now();
    if (running !== undefined)
      log.note(`${mark} ${running.name} ${((at - running.since) / 1000).toFixed(1)} s`, 'info', running.name);
    running = name === undefined ? undefined : { name, since: at };
    if (name !== undefined) log.note(`▸ ${name}`, 'info', name);
    chain = chain.then(() =>
      updateDeployment(ports)(id, (current) => {
        const steps = current.steps.map((step) => (step.endedAt === undefined ? { ...step, endedAt: at } : step));
        return { steps: name === undefined ? steps : [...steps, { name, startedAt: at }] };
      }),
    );
    const noted = chain.then(() => undefined);
    // The build does not wait for it; the next awaited write reports a failure.
    noted.catch(() => undefined);
    return noted;
  };
  return { next: (name) => note(name), end: () => note(undefined), fail: () => note(undefined, '✗') };
}
