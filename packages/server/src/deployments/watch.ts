import { isFinal, type Deployment } from '@anchor/core/deployments/deployment.ts';
import type { DeploymentId } from '@anchor/core/names/id.ts';
import { lineBounds, type LogPage } from '@anchor/core/logs/log-page.ts';
import type { LogFilter, LogKind } from '@anchor/core/ports/log-store.ts';
import type { Ports } from '@anchor/core/ports/ports.ts';
import { channel, type Channel } from './channel.ts';

export type Watched = Readonly<
  | { type: 'lines'; page: LogPage }
  | { type: 'deployment'; deployment: Deployment }
  | { type: 'end'; deployment: Deployment }
>;

/** The state is read when it changes; and this often, should a change go unnoticed. */
const SAFETY_MS = 5_000;
/** Events that wait for a slow reader. A page of lines has mostly up to 64 KB. */
const PENDING = 2;
/** How long followers of a finished deployment that have all lines wait for its build log to be closed. */
const STRAGGLERS_MS = 2_000;

/**
 * Yields a deployment's log lines in pages, the deployment itself whenever its state or steps change, and at last
 * `end`. A build log ends with the deployment, once the reader has all of its lines; a runtime log only when it is
 * closed. Ends early, without `end`, when the signal aborts or the deployment is removed.
 */
export async function* watchDeployment(
  ports: Pick<Ports, 'deployments' | 'logs'>,
  id: DeploymentId,
  kind: LogKind,
  filter: LogFilter,
  signal: AbortSignal,
): AsyncGenerator<Watched> {
  const events = channel<Watched>(PENDING);
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  either.addEventListener('abort', () => events.close());
  const logEnd = new AbortController();
  let passedOn = filter.after;
  const lines = (async () => {
    for await (const page of ports.logs.follow(kind, id, filter, either)) {
      const numbers = [...lineBounds(page)].map(({ n }) => n);
      passedOn ??= (numbers[0] ?? 1) - 1;
      if (!(await events.push({ type: 'lines', page }))) return;
      passedOn = numbers.at(-1) ?? passedOn;
    }
  })().finally(() => logEnd.abort());
  const isBehind = async (): Promise<boolean> =>
    passedOn !== undefined && (await ports.logs.read(kind, id, { ...filter, after: passedOn, limit: 1 })).length > 0;
  const states = pushStates(ports, id, kind, events, { logEnd: logEnd.signal, isBehind }, either).finally(() =>
    events.close(),
  );
  // They may fail while the reader is slow: the channel closes at once, and the error is thrown at the end.
  for (const running of [lines, states]) running.catch(() => events.close());
  try {
    yield* events.read();
  } finally {
    stop.abort();
    await Promise.allSettled([lines, states]);
  }
  // Only a reader that stayed to the end gets the error of either.
  if (!signal.aborted) await Promise.all([lines, states]);
}

/** Pushes the deployment each time its state or steps change, and `end` when there is nothing more to follow. */
async function pushStates(
  { deployments }: Pick<Ports, 'deployments'>,
  id: DeploymentId,
  kind: LogKind,
  events: Channel<Watched>,
  { logEnd, isBehind }: Readonly<{ logEnd: AbortSignal; isBehind: () => Promise<boolean> }>,
  signal: AbortSignal,
): Promise<void> {
  const changes = deployments.changes(id);
  const signalOrLogEnd = AbortSignal.any([signal, logEnd]);
  let version = 0;
  let shown = '';
  let finalSince: number | undefined;
  try {
    for (;;) {
      const deployment = await deployments.get(id);
      if (deployment === undefined || signal.aborted) return;
      const looks = `${deployment.state} ${JSON.stringify(deployment.steps)}`;
      if (deployment.version !== version && looks !== shown) await events.push({ type: 'deployment', deployment });
      [version, shown] = [deployment.version, looks];
      if (isFinal(deployment.state)) finalSince ??= Date.now();
      // A large log or a slow reader takes longer.
      if (
        kind === 'build' &&
        finalSince !== undefined &&
        Date.now() - finalSince >= STRAGGLERS_MS &&
        (await isBehind())
      )
        finalSince = Date.now();
      const waited = finalSince === undefined ? 0 : Date.now() - finalSince;
      const over =
        kind === 'run' ? logEnd.aborted : finalSince !== undefined && (logEnd.aborted || waited >= STRAGGLERS_MS);
      if (over) {
        await events.push({ type: 'end', deployment });
        return;
      }
      const withinMs = kind === 'build' && finalSince !== undefined ? STRAGGLERS_MS - waited : SAFETY_MS;
      await changes.next(withinMs, logEnd.aborted ? signal : signalOrLogEnd);
    }
  } finally {
    changes.close();
  }
}
