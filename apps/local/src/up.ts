import { ensureCompileCache } from './compile-cache.ts';
import { parseCommand, usage } from './settings.ts';
import { Supervisor } from './supervisor.ts';
import { prepareState } from './prepare-state.ts';
import { lockData } from './lock.ts';
import { ignoreOutputErrors } from './process.ts';
import { EVERY_PROCESS } from './tuning/every-process.ts';
import { collectWhenIdle } from './tuning/idle-gc.ts';
import { isOn, unknownNames } from './tuning/tuning.ts';
import { TUNINGS } from './tuning/tunings.ts';

const command = parseCommand(process.argv.slice(2), process.env);
if (!command.ok) {
  console.error(`${command.error.message}\n${command.error.fix}`);
  process.exit(2);
}
if (command.value.help) {
  console.log(usage());
  process.exit(0);
}
const { settings, once, demo, restore, fresh } = command.value;
const startedAt = Date.now();
const report = (line: string): void => console.error(`  ${line}`);
ignoreOutputErrors();
// Despite any error here, the serving processes continue: this one ends on request only.
for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
  process.on(event, (error: unknown) =>
    report(
      `the supervisor had an error and goes on: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
    ),
  );
}
await ensureCompileCache(settings, process.env);
for (const name of unknownNames(process.env, Object.values(TUNINGS).flat()))
  report(`ANCHOR_TUNING_OFF names no tuning: ${name} (docs/tuning.md has the names)`);
const lock = await lockData(settings.data);
if (!lock.ok) {
  console.error(`✗ ${lock.error.message}\n  why: ${lock.error.cause ?? ''}\n  fix: ${lock.error.fix}`);
  process.exit(1);
}
const ready = await prepareState(settings.data, { restore, fresh, report });
if (!ready.ok) {
  console.error(
    `✗ ${ready.error.message}${ready.error.cause === undefined ? '' : `\n  why: ${ready.error.cause}`}\n  fix: ${ready.error.fix}`,
  );
  lock.value.release();
  process.exit(1);
}
const platform = new Supervisor(settings, { report, allOrNothing: once });

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
