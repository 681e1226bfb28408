import { compileFirst } from './compiled.ts';
import { parseCommand, usage } from './settings.ts';
import { supervise } from './supervisor.ts';
import { lockData } from './lock.ts';
import { restWhenIdle } from './rest.ts';

const command = parseCommand(process.argv.slice(2), process.env);
if (!command.ok) {
  console.error(`${command.error.message}\n${command.error.fix}`);
  process.exit(2);
}
if (command.value.help) {
  console.log(usage());
  process.exit(0);
}
const { settings, once, demo } = command.value;
const startedAt = Date.now();
await compileFirst(settings, process.env);
const lock = await lockData(settings.data);
if (!lock.ok) {
  console.error(`✗ ${lock.error.message}\n  why: ${lock.error.cause ?? ''}\n  fix: ${lock.error.fix}`);
  process.exit(1);
}
const platform = supervise(settings, (line) => console.error(`  ${line}`));

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
    if (!once && !stopping) console.log('\nStopping: running switches end first …');
    void stop(signal === 'SIGINT' && once ? 130 : 0);
  });
}

try {
  await platform.ready;
  console.log(`  platform ready in ${((Date.now() - startedAt) / 1000).toFixed(1)} s`);
  const good = await platform.demo(demo);
  if (!good && once) await stop(1);
  if (once) await stop(0);
  restWhenIdle();
} catch (error) {
  console.error(`✗ ${error instanceof Error ? error.message : String(error)}`);
  await stop(1);
}
