import { setTimeout } from 'node:timers/promises';
import { MAX_ATTEMPTS } from '@anchor/core/deployments/fail-build.ts';
import { runDeployment } from '@anchor/core/deployments/run.ts';
import { isFinal } from '@anchor/core/deployments/deployment.ts';
import { failDeployment } from '@anchor/core/deployments/fail.ts';
import { BuildLog } from '@anchor/core/logs/build-log.ts';
import { parseId, type DeploymentId } from '@anchor/core/names/id.ts';
import type { Ports } from '@anchor/core/ports/ports.ts';
import type { LeasedJob } from '@anchor/core/queue/job.ts';
import { LANES } from '@anchor/core/queue/job.ts';
import { anchorError } from '@anchor/core/result/result.ts';

export type WorkerSettings = Readonly<{
  /** Builds at once. */
  builds: number;
  leaseMs: number;
  /**
   * How often a running build checks whether it was canceled, should a change go unnoticed, and extends its lease: less
   * than a third of `leaseMs`.
   */
  watchMs: number;
  report: (message: string) => void;
}>;

/** Waits before the second and the third attempt. */
const BACKOFF_MS = [5_000, 30_000];

/** Builds of production that go before a preview that waits. */
const PRODUCTION_IN_A_ROW = 3;

/** How long it waits when the queue itself fails, and how often in a row it may. */
const FAILURE_PAUSE_MS = 1_000;
const MAX_FAILURES = 60;

/**
 * Takes jobs from the queue and runs them, so many at once. `stop` lets running switches end and gives builds back to
 * the queue.
 */
export function createWorker(
  ports: Ports,
  settings: WorkerSettings,
): Readonly<{ start(): void; stop(): Promise<void>; running(): number }> {
  const stopping = new AbortController();
  const loops: Promise<void>[] = [];
  let running = 0;
  let inRow = 0;

  const loop = async (): Promise<void> => {
    let failures = 0;
    while (!stopping.signal.aborted) {
      try {
        await next();
        failures = 0;
      } catch (error) {
        // Such as a full disk: the API and the other jobs continue. A database that stays broken needs a new process.
        settings.report(`the queue failed: ${reasonOf(error)}`);
        if (++failures >= MAX_FAILURES) throw error;
        await setTimeout(FAILURE_PAUSE_MS, undefined, { signal: stopping.signal }).catch(() => undefined);
      }
    }
  };
  /**
   * Leases a job: production first, but for every fourth turn, so that previews are built however steady production's
   * pushes are.
   */
  const receive = async (): Promise<LeasedJob | undefined> => {
    const { leaseMs } = settings;
    const preview =
      inRow >= PRODUCTION_IN_A_ROW ? await ports.queue.receive({ leaseMs, lanes: ['preview'] }) : undefined;
    const job = preview ?? (await ports.queue.receive({ leaseMs, lanes: LANES }));
    if (job !== undefined) inRow = job.lane === 'production' && preview === undefined ? inRow + 1 : 0;
    return job;
  };
  const next = async (): Promise<void> => {
    const job = await receive();
    if (job === undefined) return ports.queue.wait(1_000, stopping.signal);
    running++;
    try {
      await runJob(ports, job, settings, stopping.signal);
    } catch (error) {
      settings.report(`job ${job.id} failed: ${reasonOf(error)}`);
      await releaseForRetry(ports, job, error instanceof Error ? error.message : String(error));
    } finally {
      running--;
    }
  };
  return {
    start() {
      for (let slot = 0; slot < settings.builds; slot++) loops.push(loop());
    },
    async stop() {
      stopping.abort();
      await Promise.all(loops);
    },
    running: () => running,
  };
}

async function runJob(ports: Ports, job: LeasedJob, settings: WorkerSettings, stopping: AbortSignal): Promise<void> {
  const id = parseId('dpl', job.payload['deploymentId'] ?? '');
  if (job.kind !== 'deploy' || id === undefined) return ports.queue.deadLetter(job, `unknown kind of job: ${job.kind}`);
  const abort = new AbortController();
  const onStop = (): void => abort.abort();
  stopping.addEventListener('abort', onStop, { once: true });
  const ended = new AbortController();
  const watching = watchOver(ports, { job, id }, settings, abort, ended.signal);
  try {
    const outcome = await runDeployment(ports)(id, abort.signal);
    if (!outcome.ok)
      return outcome.error.code === 'not_found'
        ? await ports.queue.complete(job)
        : await releaseForRetry(ports, job, outcome.error.message);
    if (stopping.aborted && !isFinal(outcome.value.deployment.state)) return await ports.queue.retry(job, 0);
    if (outcome.value.kind === 'retry') return await ports.queue.retry(job, BACKOFF_MS[job.attempts - 1] ?? 60_000);
    await ports.queue.complete(job);
  } finally {
    ended.abort();
    await watching;
    stopping.removeEventListener('abort', onStop);
  }
}

/**
 * Keeps the lease, and aborts the build when it was canceled or when the lease was lost. Resolves after `ended` aborts.
 */
async function watchOver(
  ports: Ports,
  { job, id }: Readonly<{ job: LeasedJob; id: DeploymentId }>,
  settings: WorkerSettings,
  abort: AbortController,
  ended: AbortSignal,
): Promise<void> {
  const changes = ports.deployments.changes(id);
  let extendedAt = ports.clock.now();
  try {
    while (!ended.aborted) {
      await changes.next(settings.watchMs, ended);
      try {
        const deployment = await ports.deployments.get(id);
        if (deployment === undefined || deployment.state === 'canceled') abort.abort();
        const now = ports.clock.now();
        if (ended.aborted || now - extendedAt < settings.leaseMs / 3) continue;
        extendedAt = now;
        if (!(await ports.queue.extend(job, settings.leaseMs))) abort.abort();
      } catch (error) {
        settings.report(`watching ${id}: ${String(error)}`);
      }
    }
  } finally {
    changes.close();
  }
}

/** Retries the job, or fails it: then the deployment is failed too, so that no client waits for it. */
async function releaseForRetry(ports: Ports, job: LeasedJob, reason: string): Promise<void> {
  if (job.attempts >= MAX_ATTEMPTS) {
    await endDeployment(ports, job, reason);
    await ports.queue.deadLetter(job, reason);
  } else await ports.queue.retry(job, BACKOFF_MS[job.attempts - 1] ?? 60_000);
}

async function endDeployment(ports: Ports, job: LeasedJob, reason: string): Promise<void> {
  const id = parseId('dpl', job.payload['deploymentId'] ?? '');
  if (id === undefined || (await ports.deployments.get(id)) === undefined) return;
  const log = new BuildLog(ports, id, []);
  await failDeployment(
    ports,
    id,
    anchorError(
      'internal',
      `The platform could not finish it in ${job.attempts} tries`,
      'Look at the log of the server and at: anchor doctor. Then deploy again: anchor deploy.',
      reason,
    ),
    log,
  );
  await log.flush();
  await ports.logs.close('build', id);
}

const reasonOf = (error: unknown): string => (error instanceof Error ? (error.stack ?? error.message) : String(error));
