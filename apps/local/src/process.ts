import type { Result } from '@anchor/core/result/result.ts';
import { mapStacks } from './bundle/mapped-stacks.ts';
import { EVERY_PROCESS } from './tuning/every-process.ts';
import { collectWhenIdle } from './tuning/idle-gc.ts';
import { isOn } from './tuning/tuning.ts';
import { settingsFromEnv } from './settings.ts';
import { BEAT_MS } from './stall-detector.ts';
import { machineFailure } from './start-failure.ts';

/** A running process. `busy`: it waits for work that is done elsewhere, so it is not idle. */
type Running = Readonly<{ stop(): Promise<void>; busy?: () => boolean }>;

/**
 * Runs a process with what the three share: reporting readiness and heartbeats, releasing memory when idle, exiting
 * with the supervisor, stopping once.
 */
export function runProcess(main: () => Promise<Running>): void {
  // Loaded only to fill the compile cache, see precompile.ts.
  if (process.env['ANCHOR_PRECOMPILE'] === '1') return;
  mapStacks();
  ignoreOutputErrors();
  let running: Running | undefined;
  let stopping = false;
  const stop = (): void => {
    if (stopping) return;
    stopping = true;
    void (running?.stop() ?? Promise.resolve()).then(
      () => process.exit(0),
      (error: unknown) => {
        console.error(error);
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  // The supervisor has exited: this process would not be restarted or stopped.
  process.on('disconnect', stop);
  main().then(
    (started) => {
      running = started;
      if (stopping) return started.stop().then(() => process.exit(0));
      process.send?.({ type: 'ready' });
      beat();
      if (isOn(EVERY_PROCESS.idleCollection, process.env))
        collectWhenIdle(started.busy === undefined ? {} : { busy: started.busy });
      return undefined;
    },
    (error: unknown) => {
      const reason = error instanceof Fatal ? error.message : machineFailure(error, settingsFromEnv(process.env).data);
      if (reason !== undefined) process.send?.({ type: 'fatal', message: reason });
      else console.error(error);
      // Let the message leave before the channel closes with this process.
      setImmediate(() => process.exit(1));
    },
  );
}

/** Ignores failed writes to the output, such as to a full disk or a closed pipe: they end no process. */
export function ignoreOutputErrors(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
}

/** Reports to the supervisor that the event loop turns, see stall-detector.ts. */
function beat(): void {
  setInterval(() => {
    if (process.connected) process.send?.({ type: 'beat' }, undefined, undefined, () => undefined);
  }, BEAT_MS).unref();
}

/** Reports a reason not to start that a restart would not fix; the text is shown to the user. */
export class Fatal extends Error {}

/** Returns the value, or throws the error as the reason not to start. */
export function orFatal<T>(result: Result<T>): T {
  if (result.ok) return result.value;
  const { message, cause, fix } = result.error;
  throw new Fatal(`${message}${cause === undefined ? '' : `: ${cause}`}. ${fix}`);
}
