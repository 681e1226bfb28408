import { anchorError, err, fail, ok, type AnchorError, type Result } from '@anchor/core/result/result.ts';
import { InstanceProcess, type InstanceProcessPorts } from './instance-process.ts';
import type { InstancePlan, InstanceSandbox } from './instance-sandbox.ts';
import type { Instance } from './instance.ts';
import type { WarmSandboxPool } from './warm-sandbox-pool.ts';

export type InstancePorts = InstanceProcessPorts & Readonly<{ warmSandboxes: WarmSandboxPool }>;

/**
 * Starts one process in a sandbox of its own; resolves when it accepts connections, or with the reason why it does not.
 * A process that was killed from outside while starting is started once more: requests wait for it.
 */
export const startInstance = (
  plan: InstancePlan,
  ports: InstancePorts,
  signal: AbortSignal,
): Promise<Result<Instance>> =>
  start(plan, ports, signal, true).catch((cause: unknown) =>
    fail(
      'internal',
      'The function could not be started',
      'Check the free disk space and the permissions of the data directory.',
      cause instanceof Error ? cause.message : String(cause),
    ),
  );

async function start(
  plan: InstancePlan,
  ports: InstancePorts,
  signal: AbortSignal,
  mayRepeat: boolean,
): Promise<Result<Instance>> {
  const startedAt = performance.now();
  const claimed = await ports.warmSandboxes.claim(plan);
  if (!claimed.ok) return claimed;
  const process = await spawnIn(claimed.value, plan, ports);
  if (await process.listens(signal))
    return ok(instanceOf(process, claimed.value, plan.memoryMb, Math.round(performance.now() - startedAt)));
  if (process.alive()) {
    await process.discard();
    return err(signal.aborted ? CANCELED : timeoutError(ports.settings.startTimeoutMs, process.tail()));
  }
  const { killed, reason } = await process.exited;
  if (killed && mayRepeat && !signal.aborted) return start(plan, ports, signal, false);
  return err(exitError(reason, process.tail()));
}

/** Starts the process. A sandbox in which that is not possible is removed: the machine is out of memory or of files. */
async function spawnIn(
  sandbox: InstanceSandbox,
  plan: InstancePlan,
  ports: InstanceProcessPorts,
): Promise<InstanceProcess> {
  try {
    return new InstanceProcess(sandbox, plan, ports);
  } catch (cause) {
    await sandbox.remove();
    throw cause;
  }
}

const instanceOf = (
  process: InstanceProcess,
  { id, socket }: InstanceSandbox,
  memoryMb: number,
  startMs: number,
): Instance => ({
  upstream: { kind: 'unix', path: socket.path, instance: id },
  memoryMb,
  pid: undefined,
  startMs,
  memoryPeakMb: async () => (await process.usage()).memoryPeakMb,
  residentMb: async () => (await process.usage()).residentMb,
  exited: process.exited,
  alive: () => process.alive(),
  discard: () => process.discard(),
  drain: (seconds, idle) => process.drain(seconds, idle),
});

const CANCELED = anchorError('canceled', 'The deployment was stopped while its function started', 'Nothing to do.');

const exitError = (reason: string, tail: string): AnchorError =>
  anchorError(
    'function_start_failed',
    `The function exited while starting: ${reason}`,
    'Read the lines below and the run log; the same start command must keep running and listen on $PORT.',
    outputOf(tail),
  );

const timeoutError = (timeoutMs: number, tail: string): AnchorError =>
  anchorError(
    'function_timeout',
    `The function did not listen within ${timeoutMs / 1_000} s`,
    'Let the server listen on the port in $PORT (3000) and start faster.',
    outputOf(tail),
  );

const outputOf = (tail: string): string => (tail === '' ? 'It printed nothing.' : `It wrote:\n${tail}`);
