import { programFile, BUNDLES_VARIABLE } from './bundle/programs.ts';
import { compileCacheOf, ensureCompileCache } from './compile-cache.ts';
import { parseCommand, usage } from './command-line.ts';

const command = parseCommand(process.argv.slice(2), process.env);
if (!command.ok) {
  console.error(`${command.error.message}\n${command.error.fix}`);
  process.exit(2);
}
if (command.value.help) {
  console.log(usage());
  process.exit(0);
}
const { settings } = command.value;
const bundles = await ensureCompileCache(settings, process.env);
const program = programFile('platform', bundles, process.env);
process.env['NODE_COMPILE_CACHE'] = compileCacheOf(settings, process.env);
if (bundles === undefined) delete process.env[BUNDLES_VARIABLE];
else process.env[BUNDLES_VARIABLE] = bundles;
// Under the same process id, and without what this program had to load.
if (program.endsWith('.mjs'))
  process.execve?.(
    process.execPath,
    [process.execPath, ...process.execArgv, program, ...process.argv.slice(2)],
    process.env,
  );
await import('./platform.ts');
