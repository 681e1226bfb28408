import { restWhenIdle } from './rest.ts';

/** A process at work. `busy`: it waits for work that is done elsewhere, so it is not at rest. */
type Running = Readonly<{ stop(): Promise<void>; busy?: () => boolean }>;

/** What the three processes share: saying that they are ready, giving memory back at rest, dying with the supervisor, stopping once. */
export function runProcess(main: () => Promise<Running>): void {
  // Loaded only to fill the compile cache, see warm.ts.
  if (process.env['ANCHOR_WARM'] === '1') return;
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
  // The supervisor is gone: nobody would start us again or stop us.
  process.on('disconnect', stop);
  main().then(
    (started) => {
      running = started;
      if (stopping) return started.stop().then(() => process.exit(0));
      process.send?.({ type: 'ready' });
      restWhenIdle(started.busy === undefined ? {} : { busy: started.busy });
      return undefined;
    },
    (error: unknown) => {
      if (error instanceof Fatal) process.send?.({ type: 'fatal', message: error.message });
      else console.error(error);
      // Give the message time to leave before the channel closes with us.
      setImmediate(() => process.exit(1));
    },
  );
}

/** A reason not to start that starting again would not mend; the text is for a person. */
export class Fatal extends Error {}
