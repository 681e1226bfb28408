import { isFinal, type Deployment } from '@anchor/core/deployments/deployment.ts';
import type { DeploymentId } from '@anchor/core/names/id.ts';
import type { LogLine } from '@anchor/core/logs/log-line.ts';
import type { LogFilter, LogKind } from '@anchor/core/ports/log-store.ts';
import type { Ports } from '@anchor/core/ports/ports.ts';
import { pause } from '../pause.ts';
import { channel } from './channel.ts';

export type Watched = Readonly<{ type: 'line'; line: LogLine } | { type: 'deployment'; deployment: Deployment } | { type: 'end'; deployment: Deployment }>;

/** How often the state is read; one indexed read. */
const POLL_MS = 150;
/** A build log that nobody closed does not keep a finished deployment's followers waiting. */
const STRAGGLERS_MS = 2_000;

/**
 * A deployment as it goes: its log lines, itself whenever its state or steps change, and at last `end`. A build ends with
 * the deployment; a run-time log only when it is closed. Ends early, without `end`, when the signal aborts or the
 * deployment is removed.
 */
export async function* watchDeployment(ports: Pick<Ports, 'deployments' | 'logs'>, id: DeploymentId, kind: LogKind, filter: LogFilter, signal: AbortSignal): AsyncGenerator<Watched> {
  const events = channel<Watched>(256);
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  either.addEventListener('abort', () => events.close());
  let logEnded = false;
  const lines = (async () => {
    for await (const line of ports.logs.follow(kind, id, filter, either)) if (!(await events.push({ type: 'line', line }))) return;
  })().finally(() => { logEnded = true; });
  const states = (async () => {
    let version = 0;
    let shown = '';
    let finalSince: number | undefined;
    for (;;) {
      const deployment = await ports.deployments.get(id);
      if (deployment === undefined || either.aborted) return;
      const looks = `${deployment.state} ${JSON.stringify(deployment.steps)}`;
      if (deployment.version !== version && looks !== shown) await events.push({ type: 'deployment', deployment });
      [version, shown] = [deployment.version, looks];
      if (isFinal(deployment.state)) finalSince ??= Date.now();
      const over = kind === 'run' ? logEnded : finalSince !== undefined && (logEnded || Date.now() - finalSince > STRAGGLERS_MS);
      if (over) {
        await events.push({ type: 'end', deployment });
        return;
      }
      await pause(POLL_MS, either);
    }
  })().finally(() => events.close());
  // They may fail while the reader is slow to ask for more: known at once, told at the end.
  for (const running of [lines, states]) running.catch(() => events.close());
  try {
    yield* events.read();
  } finally {
    stop.abort();
    await Promise.allSettled([lines, states]);
  }
  // Reached only when the reader stayed to the end: then a failure of either is the reader's to know.
  if (!signal.aborted) await Promise.all([lines, states]);
}
