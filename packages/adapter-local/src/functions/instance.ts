import type { Exit, SandboxHandle } from '@anchor/core/ports/sandbox.ts';
import { anchorError, err, fail, ok, type Result } from '@anchor/core/result/result.ts';
import { watchDiskUse } from './disk-use.ts';
import type { Departure, Instance } from './launch.ts';
import { createLogPipe, type LogWriters } from './log-pipe.ts';
import type { InstancePlan } from './place.ts';
import { socketAccepts } from './readiness.ts';
import type { FunctionHostSettings } from './settings.ts';
import type { Standbys } from './standbys.ts';

export type InstancePorts = Readonly<{ standbys: Standbys; writers: LogWriters; settings: FunctionHostSettings }>;

/** Starts one process in a sandbox of its own; resolves when it accepts connections, or with the reason why it does not. */
export const startInstance = (plan: InstancePlan, ports: InstancePorts, signal: AbortSignal): Promise<Result<Instance>> =>
  start(plan, ports, signal).catch((cause: unknown) => fail('internal', 'The function could not be started', 'Look at the free disk space and the permissions of the data directory.', cause instanceof Error ? cause.message : String(cause)));

async function start(plan: InstancePlan, ports: InstancePorts, signal: AbortSignal): Promise<Result<Instance>> {
  const { settings } = ports;
  const begun = performance.now();
  const place = await ports.standbys.take(plan);
  if (!place.ok) return place;
  const { id, socket, sandbox } = place.value;
  const child = sandbox.spawn(plan.command);
  const pipe = createLogPipe(ports.writers.of(plan.deploymentId), plan.secrets, settings.linesPerSecond);
  const logged = pipe.read(child);
  let cacheFull = false;
  const unwatch = watchDiskUse([plan.cache, socket.directory], settings.cacheMb, () => {
    cacheFull = true;
    child.kill('SIGKILL');
  }, settings.diskLookMs);
  const gone = child.exited.then(async (exit): Promise<Departure> => {
    unwatch();
    const reason = cacheFull ? `it wrote more than ${settings.cacheMb} MB of files that are kept` : await describeExit(exit, sandbox, plan.memoryMb);
    await sandbox.destroy(); // children that outlived their parent hold the pipes open
    await logged;
    await socket.remove();
    return { reason, cacheFull };
  });

  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), settings.startTimeoutMs);
  let ended = false;
  void child.exited.then(() => {
    ended = true;
    return abort.abort();
  });
  const ready = (await socketAccepts(socket.inner, AbortSignal.any([abort.signal, signal]))) && (await socket.publish());
  clearTimeout(timer);
  abort.abort();
  if (!ready) return err(await explain());

  return ok({
    upstream: { kind: 'unix', path: socket.path, instance: id }, memoryMb: plan.memoryMb, pid: undefined,
    startMs: Math.round(performance.now() - begun),
    memoryPeakMb: async () => (await sandbox.usage()).memoryPeakMb,
    heldMb: async () => (await sandbox.usage()).heldMb,
    gone,
    alive: () => !ended,
    async discard() {
      child.kill('SIGKILL');
      await gone;
    },
    async drain(seconds) {
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), seconds * 1_000);
      await gone;
      clearTimeout(timer);
    },
  });

  async function explain() {
    const byItself = ended;
    if (!byItself) child.kill('SIGKILL');
    const { reason } = await gone;
    const tail = pipe.tail().join('\n');
    if (!byItself && signal.aborted) return anchorError('canceled', 'The deployment was stopped while its function started', 'Nothing to do.');
    const cause = tail === '' ? 'It wrote nothing.' : `It wrote:\n${tail}`;
    return byItself
      ? anchorError('function_start_failed', `The function ended while starting: ${reason}`, 'Read the lines below and the run log; the same start command must keep running and listen on $PORT.', cause)
      : anchorError('function_timeout', `The function did not listen within ${settings.startTimeoutMs / 1_000} s`, 'Let the server listen on the port in $PORT (3000) and start faster.', cause);
  }
}

async function describeExit(exit: Exit, sandbox: SandboxHandle, memoryMb: number): Promise<string> {
  const how = exit.signal === null ? `exit code ${exit.code ?? 'unknown'}` : `signal ${exit.signal}`;
  const usage = await sandbox.usage().catch(() => undefined);
  if (usage !== undefined && usage.oomKills > 0) return `${how}, killed for using more than ${memoryMb} MB of memory`;
  if (usage !== undefined && usage.processLimitHits > 0) return `${how}, after reaching the limit of processes`;
  return how;
}
