import type { AnchorError } from '@anchor/core/result/result.ts';
import { mapStacks } from './bundle/mapped-stacks.ts';
import { BUNDLES_VARIABLE } from './bundle/programs.ts';
import { parseCommand, type Command } from './command-line.ts';
import { Supervisor } from './supervisor.ts';
import { prepareState } from './prepare-state.ts';
import { lockData } from './lock.ts';
import { ignoreOutputErrors } from './process.ts';
import { EVERY_PROCESS } from './tuning/every-process.ts';
import { collectWhenIdle } from './tuning/idle-gc.ts';
import { isOn, unknownNames } from './tuning/tuning.ts';
import { TUNINGS } from './tuning/tunings.ts';

const report = (line: string): void => console.error(`  ${line}`);

/** Runs a platform in the foreground, until a signal. `./up` becomes this program once the code is compiled. */
async function run({ settings, once, demo, restore, fresh }: Command): Promise<void> {
  const startedAt = Date.now();
  surviveErrors();
  for (const name of unknownNames(process.env, Object.values(TUNINGS).flat()))
    report(`ANCHOR_TUNING_OFF names no tuning: ${name} (docs/tuning.md has the names)`);
  const lock = await lockData(settings.data);
  if (!lock.ok) return refuse(lock.error);
  const ready = await prepareState(settings.data, { restore, fresh, report });
  if (!ready.ok) {
    lock.value.release();
    return refuse(ready.error);
  }
  const bundles = process.env[BUNDLES_VARIABLE];
  const platform = new Supervisor(settings, { bundles, report, allOrNothing: once });

  let stopping = false;
  const stop = async (code: number): Promise<void> => {
    if (stopping) return;
    stopping = true;
    await platform.stop();
    lock.value.release();
    process.exit(code);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (!once && !stopping) console.log('\nStopping: waiting for running switches …');
      void stop(signal === 'SIGINT' && once ? 130 : 0);
    });
  }

  try {
    await platform.ready;
    console.log(`  platform ready in ${((Date.now() - startedAt) / 1000).toFixed(1)} s`);
    const good = await platform.demo(demo);
    if (!good && once) await stop(1);
    if (once) await stop(0);
    if (isOn(EVERY_PROCESS.idleCollection, process.env)) collectWhenIdle();
  } catch (error) {
    console.error(`✗ ${error instanceof Error ? error.message : String(error)}`);
    await stop(1);
  }
}

/** Despite any error here, the serving processes continue: this one ends on request only. */
function surviveErrors(): void {
  ignoreOutputErrors();
  for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
    process.on(event, (error: unknown) =>
      report(
        `the supervisor had an error and goes on: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
      ),
    );
  }
}

function refuse({ message, cause, fix }: AnchorError): never {
  console.error(`✗ ${message}${cause === undefined ? '' : `\n  why: ${cause}`}\n  fix: ${fix}`);
  process.exit(1);
}

if (process.env['ANCHOR_PRECOMPILE'] !== '1') {
  mapStacks();
  const command = parseCommand(process.argv.slice(2), process.env);
  if (command.ok) await run(command.value);
}
